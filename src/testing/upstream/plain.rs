//! The answers that are not talk.

use fastrand::Rng;
use http::{Method, StatusCode};
use serde_json::json;

use super::{Tokens, asked::Asked, step::Piece};
use crate::testing::{Failure, Script, UsageManner};

/// Enough to look like a vector.
const DIMENSIONS: usize = 8;

pub(super) fn embeddings(script: &Script, asked: &Asked, seed: u64) -> Piece {
    let mut rng = Rng::with_seed(seed);
    let data = (0..asked.inputs).map(|index| {
        let embedding: Vec<f32> = std::iter::repeat_with(|| rng.f32() - 0.5)
            .take(DIMENSIONS)
            .collect();
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<_> = data.collect();
    let prompt = script.answer.prompt_tokens.unwrap_or(asked.prompt_tokens);
    let served = Tokens {
        prompt,
        ..Tokens::default()
    };
    let told = match script.usage {
        UsageManner::Never => None,
        UsageManner::ExplicitZero => Some(Tokens::default()),
        _ => Some(served),
    };
    let mut body = json!({"object": "list", "data": data, "model": asked.model});
    if let Some(told) = told {
        body["usage"] = json!({"prompt_tokens": told.prompt, "total_tokens": told.prompt});
    }
    Piece {
        bytes: body.to_string().into(),
        served,
        told,
        failed: false,
    }
}

pub(super) fn models(names: &[String], owner: &str) -> Piece {
    let model =
        |id| json!({"id": id, "object": "model", "created": 1_750_000_000, "owned_by": owner});
    let data: Vec<_> = names.iter().map(model).collect();
    let body = json!({"object": "list", "data": data}).to_string();
    Piece {
        bytes: body.into(),
        ..Piece::default()
    }
}

pub(super) fn unknown(method: &Method, path: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND).message(format!("Invalid URL ({method} {path})"))
}

pub(super) fn not_json() -> Failure {
    Failure::new(StatusCode::BAD_REQUEST)
        .message("We could not parse the JSON body of your request.")
}

pub(super) fn too_large() -> Failure {
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE).message("Request body is too large.")
}
