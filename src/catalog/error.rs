//! A problem, and the place where it was found.

use std::fmt;

use super::Problem;
use super::field::Field;

/// A catalogue that cannot be built: which field, and what is wrong with it.
///
/// ```
/// use switchtower::catalog::{Catalog, ModelSpec, Problem};
///
/// let error = Catalog::builder().model(ModelSpec::new("a/b")).build().unwrap_err();
/// assert!(matches!(error.kind(), Problem::NoEndpoints));
/// assert_eq!(error.to_string(), r#"models."a/b": the model has no endpoints"#);
/// ```
#[derive(Debug)]
pub struct BuildError(Box<(Field, Problem)>);

/// A catalogue file that cannot be used: which line, which field, and what is wrong with it.
///
/// ```
/// use switchtower::catalog::{Catalog, Problem};
///
/// let text = "[providers.acme]\nbase_url = 'https://acme.test?x=1'\n";
/// let error = Catalog::from_toml(text, "acme.toml", |_| None).unwrap_err();
///
/// assert!(matches!(error.kind(), Problem::BadUrl(_)));
/// assert_eq!(
///     error.to_string(),
///     "acme.toml:2:12: providers.acme.base_url: cannot be a base URL: it has a query"
/// );
/// ```
#[derive(Debug)]
pub struct LoadError(Box<Located>);

#[derive(Debug)]
struct Located {
    file: Box<str>,
    position: Option<(usize, usize)>,
    field: Field,
    problem: Problem,
}

// === impl BuildError ===

impl BuildError {
    pub(super) fn new(field: Field, problem: Problem) -> Self {
        BuildError(Box::new((field, problem)))
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &Problem {
        &self.0.1
    }

    /// The path of the field, such as `models."a/b".aliases[1]`.
    #[must_use]
    pub fn field(&self) -> String {
        self.0.0.to_string()
    }

    pub(super) fn into_parts(self) -> (Field, Problem) {
        *self.0
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.0, self.0.1)
    }
}

impl std::error::Error for BuildError {}

// === impl LoadError ===

impl LoadError {
    pub(super) fn whole(file: &str, problem: Problem) -> Self {
        Self::new(file, None, Field::default(), problem)
    }

    /// At a byte `offset` of `text`.
    pub(super) fn at(
        file: &str,
        text: &str,
        offset: usize,
        field: Field,
        problem: Problem,
    ) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self::new(file, Some((line, column)), field, problem)
    }

    fn new(file: &str, position: Option<(usize, usize)>, field: Field, problem: Problem) -> Self {
        LoadError(Box::new(Located {
            file: file.into(),
            position,
            field,
            problem,
        }))
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &Problem {
        &self.0.problem
    }

    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// Line and column in characters, both from 1; none if the file could not be read.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.0.position
    }

    /// The path of the field, such as `models."a/b".aliases[1]`; empty if it is not about one.
    #[must_use]
    pub fn field(&self) -> String {
        self.0.field.to_string()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.file)?;
        if let Some((line, column)) = self.0.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.0.field.segments().is_empty() {
            write!(f, ": {}", self.0.field)?;
        }
        write!(f, ": {}", self.0.problem)
    }
}

impl std::error::Error for LoadError {}
