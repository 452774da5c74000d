// A line for each check, and their number at the end.

/// Only a check that fails waits for so long.
const PATIENCE = 30_000;

export class Report {
    passed = 0;
    failed = 0;

    /// `where` stands before the name.
    async check(where, name, run) {
        const began = performance.now();
        let timer;
        const late = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error("it takes too long")), PATIENCE);
        });
        try {
            await Promise.race([run(), late]);
            this.passed += 1;
            const took = (performance.now() - began) / 1000;
            console.log(`ok      ${where.padEnd(8)}${name} (${took.toFixed(1)} s)`);
        } catch (problem) {
            // Whatever it is, the others are still checked.
            this.failed += 1;
            console.log(`FAILED  ${where.padEnd(8)}${name}: ${problem?.stack ?? problem}`);
        } finally {
            clearTimeout(timer);
        }
    }

    end() {
        console.log(`${this.passed} passed, ${this.failed} failed`);
        process.exitCode = this.failed || !this.passed ? 1 : 0;
    }
}
