//! The choices of an answer, as strict clients want them.
//!
//! | what an upstream may send | what a caller gets |
//! |---|---|
//! | no `index` | the place in the list |
//! | no `delta` in a chunk of a chat, or `null` | `{}` |
//! | no `finish_reason`, or `""` | `null` |
//! | a finish reason of its own | the nearest that is known, and its own as `native_finish_reason` |
//! | `tool_calls`, `reasoning_details`, `images` or `annotations` of `null` | `[]` |
//! | a `role` that is not `"assistant"` | that, where a choice begins, and then nothing |
//! | no `role` in a whole answer | `"assistant"` |
//! | `reasoning_content` | the same as `reasoning` beside it, where that is not told |
//! | `audio` of `null` | nothing |
//! | a call of a tool, in a stream, with no `index` | that of the call with its `id`, or the next; without an `id` that of the last |
//! | nulls in such a call | nothing |
//! | in a whole answer a call with no `type`, no `id` or no `arguments`, or nulls there | `"function"`, an id of ours, `"{}"` |
//! | `arguments` that are an object | a string that spells it |

mod begun;
mod calls;
mod choices;
mod members;
mod message;
mod parts;

pub(crate) use self::begun::Begun;
pub(crate) use self::calls::Calls;
pub(super) use self::choices::{Of, choices, told};
pub(super) use self::members::Edit;
