//! Where others' workers are reached.

use url::Url;

/// The address that an operator says on chain that it has. Nothing of it is trusted.
///
/// # Errors
/// What is wrong with one that is no http or https address.
pub(crate) fn parse(endpoint: &[u8]) -> Result<Url, String> {
	let text = std::str::from_utf8(endpoint).map_err(|error| error.to_string())?;
	let url = Url::parse(text).map_err(|error| error.to_string())?;
	if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
		return Err("its endpoint is no http or https address".into());
	}
	Ok(url)
}

/// What a worker has under a path, which begins with a slash: below its own address and nowhere else.
pub(crate) fn below(worker: &Url, path: &str) -> Url {
	let mut url = worker.clone();
	let path = format!("{}{path}", url.path().trim_end_matches('/'));
	url.set_path(&path);
	url.set_query(None);
	url.set_fragment(None);
	url
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn address_is_below_the_endpoint_and_nowhere_else() {
		for (endpoint, expected) in [
			("http://host:9955", "http://host:9955/x/1"),
			("https://host/worker/", "https://host/worker/x/1"),
			("https://host/w?a=b#c", "https://host/w/x/1"),
		] {
			let worker = parse(endpoint.as_bytes()).unwrap();
			assert_eq!(below(&worker, "/x/1").as_str(), expected);
		}
	}

	#[test]
	fn endpoint_is_refused_when_it_is_no_address_of_a_host() {
		for endpoint in ["", "host:9955", "ftp://host", "file:///etc", "http://", "data:,x"] {
			assert!(parse(endpoint.as_bytes()).is_err(), "{endpoint}");
		}
		assert!(parse(b"http://\xff").is_err());
	}
}
