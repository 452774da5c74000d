//! The API of keys, for who brings a management key: `POST`, `GET /keys`, and `GET`, `PATCH`, `DELETE /keys/{hash}`; and what
//! a key is told of itself, `GET /key`.

mod accounts;
mod blind;
mod change;
mod counts;
mod create;
mod current;
mod figures;
mod fresh;
mod keeper;
mod list;
mod misses;
mod one;
mod settings;
mod told;

pub(super) use self::create::{LONGEST_ACCOUNT, create};
pub(super) use self::current::current;
pub(super) use self::fresh::{keep, look};
pub(super) use self::keeper::Keeper;
pub(super) use self::list::list;
pub(super) use self::one::{change, delete, get};
pub(super) use self::settings::{WORKSPACE, workspace};
