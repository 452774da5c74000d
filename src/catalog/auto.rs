//! What `openrouter/auto` may choose.

use std::collections::HashSet;
use std::sync::Arc;

use super::check::{Checked, bad_name, ensure, is_model_name};
use super::field::Field;
use super::{Catalog, CatalogBuilder, Model, Pattern, Problem};

/// Which models may `openrouter/auto` choose, and which one comes first?
///
/// There is no guess at what a prompt is about: the first [`Task`] that a request is, and that has a model, says
/// which one is asked first; then the others follow in the order of the rule, of which `choose` asks the cheapest
/// that can answer first. So the same request gets the same models.
///
/// ```
/// use switchtower::catalog::{AutoSpec, Catalog, EndpointSpec, ModelSpec, Provider, Task};
///
/// let model = |id| ModelSpec::new(id).endpoint(EndpointSpec::new("acme", id));
/// let catalog = Catalog::builder()
///     .provider(Provider::new("acme", "https://api.acme.example/v1".parse()?))
///     .model(model("acme/small"))
///     .model(model("acme/large"))
///     .model(model("acme/seer"))
///     .auto(AutoSpec::new().with_models("acme/*").with_task(Task::Vision, "acme/seer"))
///     .build()?;
///
/// let rule = catalog.auto().unwrap();
/// let ids = |vision| {
///     let models = rule.models_for(move |task| vision && task == Task::Vision);
///     models.map(|model| model.id()).collect::<Vec<_>>()
/// };
/// assert_eq!(ids(false), ["acme/small", "acme/large", "acme/seer"]);
/// assert_eq!(ids(true), ["acme/seer", "acme/small", "acme/large"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AutoRule {
    models: Box<[Arc<Model>]>,
    tasks: [Option<Arc<Model>>; Task::ALL.len()],
    long_above: u64,
}

/// A rule to be put in a catalogue. See [`AutoRule`].
#[derive(Debug, Clone, Default)]
pub struct AutoSpec {
    models: Vec<Pattern>,
    tasks: [Option<Box<str>>; Task::ALL.len()],
    long_above: Option<u64>,
}

/// What kind of request is it? Declared in the order in which it is asked. See [`AutoRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// `vision`: its messages hold images.
    Vision,
    /// `long`: its prompt has more tokens than [`AutoRule::long_above`].
    Long,
    /// `tools`: it offers tools.
    Tools,
    /// `reasoning`: it asks for reasoning.
    Reasoning,
}

/// Longer than chats get, and near the end of many a context.
const LONG: u64 = 100_000;

// === impl AutoRule ===

impl AutoRule {
    /// What may be chosen, in the order in which to ask: that of the patterns, and that of the catalogue where one
    /// stands for several. No model is hidden.
    #[must_use]
    pub fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// The model to ask first for such a task; none if that makes no difference.
    #[must_use]
    pub fn task(&self, task: Task) -> Option<&Arc<Model>> {
        self.tasks[task as usize].as_ref()
    }

    /// The prompt of more tokens than this is long.
    #[must_use]
    pub fn long_above(&self) -> u64 {
        self.long_above
    }

    /// The models in the order in which to ask them for a request that `is` of these tasks, each once.
    pub fn models_for(&self, is: impl Fn(Task) -> bool) -> impl Iterator<Item = &Arc<Model>> {
        let mut tasks = Task::ALL.into_iter().filter(|task| is(*task));
        let first = tasks.find_map(|task| self.task(task));
        let rest = self.models.iter();
        first
            .into_iter()
            .chain(rest.filter(move |model| first.is_none_or(|first| !Arc::ptr_eq(first, model))))
    }

    pub(super) fn of(spec: &AutoSpec, catalog: &Catalog) -> Self {
        let mut known = HashSet::new();
        let mut models = Vec::new();
        for pattern in &spec.models {
            let named = catalog.find(pattern.as_str());
            let named = named.filter(|model| !model.is_hidden());
            let matching = catalog.models().iter().filter(|model| {
                !pattern.is_exact() && !model.is_hidden() && pattern.matches(model.id())
            });
            for model in named.into_iter().chain(matching) {
                if known.insert(model.id()) {
                    models.push(model.clone());
                }
            }
        }
        let task = |task: Task| catalog.find(spec.tasks[task as usize].as_deref()?).cloned();
        Self {
            models: models.into(),
            tasks: Task::ALL.map(task),
            long_above: spec.long_above.unwrap_or(LONG),
        }
    }
}

// === impl AutoSpec ===

impl AutoSpec {
    /// A rule that allows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows a model by its id or alias, or many by a [`Pattern`] of their ids.
    #[must_use]
    pub fn with_models(mut self, pattern: &str) -> Self {
        self.models.push(Pattern::new(pattern));
        self
    }

    /// The id or alias of the model to ask first for such a task, be it allowed otherwise or not.
    #[must_use]
    pub fn with_task(mut self, task: Task, model: &str) -> Self {
        self.tasks[task as usize] = Some(model.into());
        self
    }

    /// The prompt of more tokens than this is long; by default 100 000.
    #[must_use]
    pub fn with_long_above(mut self, tokens: u64) -> Self {
        self.long_above = Some(tokens);
        self
    }

    /// Who is named must exist, and be visible. A pattern may match nothing, since a provider may lack its key.
    pub(super) fn check(&self, builder: &CatalogBuilder) -> Checked {
        let at = || Field::default().key("auto");
        ensure(
            self.models.len() <= Pattern::MOST,
            || at().key("models"),
            || Problem::TooMany {
                limit: Pattern::MOST,
            },
        )?;
        for (index, pattern) in self.models.iter().enumerate() {
            let field = || at().key("models").item(index);
            ensure(is_model_name(pattern.as_str()), field, || {
                bad_name(pattern.as_str())
            })?;
            if pattern.is_exact() {
                choosable(pattern.as_str(), builder, field)?;
            }
        }
        for task in Task::ALL {
            if let Some(name) = &self.tasks[task as usize] {
                choosable(name, builder, || at().key("tasks").key(task.name()))?;
            }
        }
        Ok(())
    }
}

fn choosable(name: &str, builder: &CatalogBuilder, field: impl Fn() -> Field) -> Checked {
    let found = builder
        .models
        .iter()
        .find(|model| *model.id == *name || model.aliases.iter().any(|alias| **alias == *name));
    // A source tells of no model whose provider has no key.
    let may_be_absent = !builder.absent.is_empty() && !builder.reports.is_empty();
    ensure(found.is_some() || may_be_absent, &field, || {
        Problem::UnknownModel { model: name.into() }
    })?;
    ensure(found.is_none_or(|model| !model.hidden), field, || {
        Problem::HiddenModel { model: name.into() }
    })
}

// === impl Task ===

impl Task {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Vision, Self::Long, Self::Tools, Self::Reasoning];

    /// How a catalogue spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Long => "long",
            Self::Tools => "tools",
            Self::Reasoning => "reasoning",
        }
    }
}
