//! The API of callers' own keys of providers, for who brings a management key: `POST`, `GET /byok`, and `GET`, `PATCH`, `DELETE
//! /byok/{id}`. What is written is never told again.

mod change;
mod create;
mod input;
mod list;
mod one;
mod safe;
mod told;

pub(super) use self::create::create;
pub(super) use self::list::list;
pub(super) use self::one::{change, delete, get};
pub(super) use self::safe::Safe;
