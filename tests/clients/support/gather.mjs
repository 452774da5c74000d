/// All items of an async iterable: `Array.fromAsync` is not everywhere yet.
export async function gather(items) {
    const all = [];
    for await (const item of items) all.push(item);
    return all;
}
