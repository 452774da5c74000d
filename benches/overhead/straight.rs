//! A second yardstick: how long does it take to fetch as many instructions as a call of the stack has?

/// So many instructions of four bytes, one after the other, without a loop, which wait for nothing and change nothing: a
/// processor can do no less with a call's. They are 180 KB, which no first cache for instructions holds.
#[expect(
    unsafe_code,
    reason = "there is no other way to have these and no others"
)]
#[inline(never)]
pub(crate) fn run() {
    // SAFETY: it reads one register and writes four, all of which it names.
    unsafe {
        core::arch::asm!(
            ".rept 11250",
            "lea rcx, [rax + 1]",
            "lea rdx, [rax + 1]",
            "lea rsi, [rax + 1]",
            "lea rdi, [rax + 1]",
            ".endr",
            in("rax") 0,
            out("rcx") _,
            out("rdx") _,
            out("rsi") _,
            out("rdi") _,
            options(nomem, nostack, preserves_flags),
        );
    }
}
