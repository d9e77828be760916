//! `PUT`, `GET` and `HEAD` of `/content/<hash>`.

use std::time::Duration;

use axum::{
	Json,
	body::{Body, BodyDataStream},
	extract::{Path, State, rejection::PathRejection},
	http::{HeaderMap, StatusCode, header},
	response::{IntoResponse, Response},
};
use futures::StreamExt;
use openledger_primitives_core::Hash;
use serde::Serialize;
use tokio::time::timeout;

use super::{Refusal, Services, auth};
use crate::content::{ContentError, Stored, hash};

#[derive(Serialize)]
struct Receipt {
	hash: String,
	size: u64,
}

type Name = Result<Path<String>, PathRejection>;

fn parse(name: Name) -> Result<Hash, Refusal> {
	let Path(name) = name.map_err(|error| ContentError::BadName(error.body_text()))?;
	Ok(hash::parse(&name)?)
}

pub(super) async fn get(State(services): State<Services>, name: Name) -> Response {
	let found = async { Ok::<_, Refusal>(services.store.get(&parse(name)?).await?) };
	match found.await {
		Ok(blob) => {
			let sent = services.metrics.content_sent.clone();
			let bytes = blob.bytes.inspect(move |chunk| {
				if let Ok(chunk) = chunk {
					sent.inc_by(chunk.len() as u64);
				}
			});
			(headers(blob.size), Body::from_stream(bytes)).into_response()
		}
		Err(refusal) => refusal.respond(&services.metrics),
	}
}

pub(super) async fn head(State(services): State<Services>, name: Name) -> Response {
	let found = async {
		let hash = parse(name)?;
		let size = services.store.size(&hash).await?;
		Ok::<_, Refusal>(size.ok_or(ContentError::NotFound(hash))?)
	};
	match found.await {
		Ok(size) => (headers(size), Body::empty()).into_response(),
		Err(refusal) => refusal.respond(&services.metrics),
	}
}

fn headers(size: u64) -> [(header::HeaderName, String); 3] {
	[
		(header::CONTENT_LENGTH, size.to_string()),
		(header::CONTENT_TYPE, "application/octet-stream".to_string()),
		// What a hash names never changes.
		(header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_string()),
	]
}

pub(super) async fn put(
	State(services): State<Services>,
	name: Name,
	headers: HeaderMap,
	body: Body,
) -> Response {
	match take(&services, name, &headers, body).await {
		Ok((stored, receipt)) => {
			let status = match stored {
				Stored::Created => StatusCode::CREATED,
				Stored::Existed => StatusCode::OK,
			};
			(status, Json(receipt)).into_response()
		}
		Err(refusal) => refusal.respond(&services.metrics),
	}
}

/// The checks that need no byte of the body come first: it is not read where they fail.
async fn take(
	services: &Services,
	name: Name,
	headers: &HeaderMap,
	body: Body,
) -> Result<(Stored, Receipt), Refusal> {
	let hash = parse(name)?;
	let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
	let size: u64 = length.and_then(|text| text.parse().ok()).ok_or(Refusal::NoLength)?;
	let limit = services.store.limits().blob;
	if size > limit {
		return Err(ContentError::TooLarge { size, limit }.into());
	}
	let account = auth::uploader(headers, &hash, size)?;
	let mut body = body.into_data_stream();
	let stored = services.store.put(hash, size, &account, &mut body).await;
	let unread = matches!(
		stored,
		Ok(Stored::Existed)
			| Err(ContentError::QuotaExceeded { .. }
				| ContentError::Full { .. }
				| ContentError::Busy)
	);
	if unread {
		let limits = services.store.limits();
		drain(body, limits.silence, limits.patience(size)).await;
	}
	Ok((stored?, Receipt { hash: hash::name(&hash), size }))
}

/// Reads a body that is not needed: many clients look for the response only after sending all.
pub(super) async fn drain(mut body: BodyDataStream, silence: Duration, patience: Duration) {
	let reading = async { while let Ok(Some(Ok(_))) = timeout(silence, body.next()).await {} };
	// Whoever is too slow meets a closed connection.
	let _ = timeout(patience, reading).await;
}
