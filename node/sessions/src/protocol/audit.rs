//! What an operator hands to those who are drawn to execute a receipt again.
//!
//! A verifier's worker asks with what its agent signed for that claim. It is shown what was asked with
//! the salt, so that it can see for itself that the receipt commits to it; the answer it computes.

use super::{BadHeader, headers::scale, json};
use codec::Encode;
use openledger_primitives_core::RequestId;
use openledger_primitives_receipts::{SignedReceipt, commitment::Salt};
use serde::{Deserialize, Serialize};
use sp_core::crypto::AccountId32;
use sp_runtime::MultiSignature;
use std::str::FromStr;

/// Where contents of drawn receipts are asked for; the claim's number follows, in decimal.
pub const AUDITS_PATH: &str = "/v1/audits/";
/// The header with the verifier's agent: SS58, or 32 bytes in hexadecimal.
pub const AGENT: &str = "openledger-agent";
/// The header with the agent's signature, SCALE in hexadecimal.
pub const PASS: &str = "openledger-pass";

/// What was asked behind a drawn receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
	/// The salt of the receipt's commitments.
	#[serde(with = "json::bytes")]
	pub salt: Salt,
	/// The request's body, byte for byte.
	#[serde(with = "json::bytes")]
	pub asked: Vec<u8>,
	/// The receipt.
	#[serde(with = "json::receipt")]
	pub receipt: SignedReceipt,
}

/// The path of a claim's content.
pub fn path(claim: RequestId) -> String {
	format!("{AUDITS_PATH}{claim}")
}

/// The headers of a request by `agent`, in lower case.
pub fn headers(agent: &AccountId32, signature: &MultiSignature) -> [(&'static str, String); 2] {
	let key: &[u8] = agent.as_ref();
	[(AGENT, format!("0x{}", hex::encode(key))), (PASS, hex::encode(signature.encode()))]
}

/// Reads the headers.
///
/// # Errors
/// [`BadHeader`].
pub fn read<'a>(
	header: impl Fn(&'static str) -> Option<&'a str>,
) -> Result<(AccountId32, MultiSignature), BadHeader> {
	let needed = |name| header(name).ok_or(BadHeader::Missing(name));
	let agent = AccountId32::from_str(needed(AGENT)?).map_err(|_| BadHeader::Malformed(AGENT))?;
	Ok((agent, scale(PASS, needed(PASS)?)?))
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::{Pair, crypto::Ss58Codec, sr25519};

	#[test]
	fn headers_come_out_as_they_went_in_and_bad_ones_are_named() {
		let pair = sr25519::Pair::from_seed(&[1; 32]);
		let (agent, signature) = (AccountId32::from(pair.public()), pair.sign(b"x").into());
		let whole = headers(&agent, &signature);
		let find = |all: &[(&'static str, String)], name| {
			all.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
		};
		let reading = |all: &[(&'static str, String)]| {
			let (agent, pass) = (find(all, AGENT), find(all, PASS));
			read(|name| if name == AGENT { agent.as_deref() } else { pass.as_deref() })
		};
		assert_eq!(reading(&whole), Ok((agent.clone(), signature.clone())));
		let [_, pass] = whole.clone();
		let named = [(AGENT, agent.to_ss58check()), pass];
		assert_eq!(reading(&named), Ok((agent, signature)));
		for (at, name) in [(0, AGENT), (1, PASS)] {
			for bad in ["", "zz", "00"] {
				let mut headers = whole.clone();
				headers[at].1 = bad.into();
				assert_eq!(reading(&headers), Err(BadHeader::Malformed(name)));
			}
			assert_eq!(reading(&whole[1 - at..][..1]), Err(BadHeader::Missing(name)));
		}
	}
}
