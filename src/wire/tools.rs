use memchr::memmem;

use super::content::each_member;
use super::json::{Cursor, Kind, Span, Syntax, Text, integer};

/// What is wrong with a call of a tool?
///
/// [`Found::tool_calls`](crate::Found::tool_calls) tells it. The names are OpenRouter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadCall {
    /// Its arguments are no JSON.
    InvalidJson,
    /// The request offers no tool of that name.
    UnknownName,
    /// Its arguments are not what the tool's schema wants.
    SchemaMismatch,
}

/// A tool that a request offers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// What the model is to call it.
    pub(crate) name: Text,
    /// The JSON Schema of its arguments.
    pub(crate) parameters: Option<Span>,
}

/// Is a tool among them that searches the web, which the provider itself does? Its type says so: `web_search`, or
/// one that ends or goes on from that.
pub(crate) fn search(json: &[u8]) -> bool {
    // An escape may hide it.
    let may = |needle| memmem::find(json, needle).is_some();
    (may(b"web_search") || may(br"\u")) && any_searches(json).unwrap_or(true)
}

fn any_searches(json: &[u8]) -> Result<bool, Syntax> {
    let (mut cursor, mut found) = (Cursor::new(json)?, false);
    if cursor.peek()? != Kind::Array {
        return Ok(false);
    }
    cursor.array()?;
    while cursor.next_item()? {
        each_member(&mut cursor, |cursor, key| match key {
            b"type" if cursor.peek()? == Kind::String => {
                let name = cursor.string()?;
                let name = name.bytes(cursor.source());
                found |= memmem::find(&name, b"web_search").is_some();
                Ok(())
            }
            _ => cursor.skip().map(drop),
        })?;
    }
    Ok(found)
}

/// What of the tools a provider runs by itself, and bills.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Own {
    /// How often those that search the web may do so, as far as the request says: `max_uses`, of all of them together.
    pub(crate) searches: u64,
    /// Is there another one? What the caller runs is of no type, or of type `function` or `custom`.
    pub(crate) others: bool,
}

/// Which tools does the provider run itself? What cannot be read may be any.
pub(crate) fn own(json: &[u8]) -> Own {
    let all = Own {
        searches: 0,
        others: true,
    };
    own_among(json).unwrap_or(all)
}

fn own_among(json: &[u8]) -> Result<Own, Syntax> {
    let (mut cursor, mut own) = (Cursor::new(json)?, Own::default());
    if cursor.peek()? != Kind::Array {
        return Ok(own);
    }
    cursor.array()?;
    while cursor.next_item()? {
        let (mut searches, mut most) = (false, 0);
        each_member(&mut cursor, |cursor, key| match key {
            b"type" if cursor.peek()? == Kind::String => {
                let name = cursor.string()?;
                let name = name.bytes(cursor.source());
                // Where its type stands twice it may be either.
                let is_search = memmem::find(&name, b"web_search").is_some();
                searches |= is_search;
                own.others |= !is_search && !matches!(&*name, b"function" | b"custom");
                Ok(())
            }
            b"max_uses" => {
                let found = cursor.skip()?.of(cursor.source());
                if found != b"null" {
                    most = integer(found).unwrap_or(u64::MAX).max(most);
                }
                Ok(())
            }
            _ => cursor.skip().map(drop),
        })?;
        if searches {
            own.searches = own.searches.saturating_add(most);
        }
    }
    Ok(own)
}

/// Reads the value of `tools`. What has no name, as a provider's own tools have none, cannot be called by one.
pub(crate) fn tools(json: &[u8]) -> Result<Vec<Tool>, Syntax> {
    let (mut cursor, mut tools) = (Cursor::new(json)?, Vec::new());
    cursor.array()?;
    while cursor.next_item()? {
        let (mut name, mut parameters) = (None, None);
        each_member(&mut cursor, |cursor, key| match key {
            b"function" | b"custom" => each_member(cursor, |cursor, key| match key {
                b"name" if cursor.peek()? == Kind::String => {
                    name = Some(cursor.string()?);
                    Ok(())
                }
                b"parameters" => {
                    parameters = Some(cursor.skip()?);
                    Ok(())
                }
                _ => cursor.skip().map(drop),
            }),
            _ => cursor.skip().map(drop),
        })?;
        tools.extend(name.map(|name| Tool { name, parameters }));
    }
    cursor.end()?;
    Ok(tools)
}
