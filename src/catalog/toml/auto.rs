//! `[auto]`

use super::node::Table;
use crate::catalog::{AutoSpec, BuildError, Task};

const TASKS: [&str; Task::ALL.len()] = {
    let mut names = [""; Task::ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = Task::ALL[index].name();
        index += 1;
    }
    names
};

pub(super) fn auto(table: &Table<'_>) -> Result<AutoSpec, BuildError> {
    table.only(&["models", "tasks", "long_above"])?;
    let mut auto = AutoSpec::new();
    for pattern in table.need("models")?.items()? {
        auto = auto.with_models(pattern.string()?);
    }
    if let Some(node) = table.get("long_above") {
        auto = auto.with_long_above(node.positive()?.get());
    }
    if let Some(node) = table.get("tasks") {
        let tasks = node.table()?;
        tasks.only(&TASKS)?;
        for task in Task::ALL {
            if let Some(node) = tasks.get(task.name()) {
                auto = auto.with_task(task, node.string()?);
            }
        }
    }
    Ok(auto)
}
