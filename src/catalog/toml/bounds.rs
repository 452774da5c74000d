//! `bounds = { image = 1600, searches = 5 }`

use super::node::Table;
use crate::catalog::{BuildError, PartBounds};

pub(super) fn bounds(table: &Table<'_>) -> Result<PartBounds, BuildError> {
    table.only(&["image", "file", "audio", "video", "searches", "search"])?;
    let most = |key| {
        let node = table.get(key);
        node.map(|node| Ok(node.positive()?.get())).transpose()
    };
    // What is found may be read for nothing.
    let search = table.get("search").map(|node| node.positive_or_zero());
    Ok(PartBounds {
        image: most("image")?,
        file: most("file")?,
        audio: most("audio")?,
        video: most("video")?,
        searches: most("searches")?,
        search: search.transpose()?,
    })
}
