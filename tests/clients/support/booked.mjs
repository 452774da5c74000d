import { setTimeout } from "node:timers/promises";

/// What `look` finds, as soon as it is there: a call that was left is booked a moment after its provider sees
/// that nobody listens, and nothing tells a client when.
export async function booked(look) {
    const late = performance.now() + 10_000;
    for (;;) {
        try {
            return await look();
        } catch (error) {
            if ((error.status ?? error.statusCode) !== 404 || performance.now() > late) throw error;
        }
        await setTimeout(10);
    }
}
