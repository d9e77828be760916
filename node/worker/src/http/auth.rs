//! Who uploads: an sr25519 signature over what is uploaded.

use std::str::FromStr;

use axum::http::HeaderMap;
use openledger_primitives_core::{Hash, record::upload_message};
use sp_core::{
	Pair,
	crypto::{AccountId32, ByteArray},
	sr25519,
};

use super::Refusal;

/// The header with the uploader's account: SS58, or 32 bytes in hexadecimal.
pub const ACCOUNT_HEADER: &str = "x-openledger-account";
/// The header with the signature: 64 bytes in hexadecimal.
pub const SIGNATURE_HEADER: &str = "x-openledger-signature";

/// The account that signed for content of that hash and size.
///
/// A copy of the signature lets others upload the same bytes for the same account, which changes
/// nothing: content counts once.
///
/// # Errors
/// [`Refusal::Unsigned`], [`Refusal::BadAccount`] or [`Refusal::BadSignature`].
pub(super) fn uploader(
	headers: &HeaderMap,
	hash: &Hash,
	size: u64,
) -> Result<AccountId32, Refusal> {
	let (account, signature) = signed(headers)?;
	let public = sr25519::Public::from_raw(account.clone().into());
	if sr25519::Pair::verify(&signature, upload_message(hash, size), &public) {
		Ok(account)
	} else {
		Err(Refusal::BadSignature)
	}
}

/// Whose signature the headers say that they have, unchecked.
///
/// # Errors
/// [`Refusal::Unsigned`], [`Refusal::BadAccount`] or [`Refusal::BadSignature`].
pub(super) fn signed(headers: &HeaderMap) -> Result<(AccountId32, sr25519::Signature), Refusal> {
	let header = |name: &'static str| {
		let value = headers.get(name).ok_or(Refusal::Unsigned(name))?;
		value.to_str().map(str::trim).map_err(|_| Refusal::Unsigned(name))
	};
	let account = AccountId32::from_str(header(ACCOUNT_HEADER)?)
		.map_err(|reason| Refusal::BadAccount(reason.to_string()))?;
	let text = header(SIGNATURE_HEADER)?;
	let mut bytes = [0u8; 64];
	hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes)
		.map_err(|_| Refusal::BadSignature)?;
	let signature = sr25519::Signature::from_slice(&bytes).map_err(|()| Refusal::BadSignature)?;
	Ok((account, signature))
}

#[cfg(test)]
mod tests {
	use super::*;
	use axum::http::HeaderValue;
	use sp_core::crypto::Ss58Codec;

	fn headers(account: &str, signature: &str) -> HeaderMap {
		let mut headers = HeaderMap::new();
		headers.insert(ACCOUNT_HEADER, HeaderValue::from_str(account).unwrap());
		headers.insert(SIGNATURE_HEADER, HeaderValue::from_str(signature).unwrap());
		headers
	}

	#[test]
	fn uploader_is_known_by_address_and_by_key() {
		let pair = sr25519::Pair::from_string("//Alice", None).unwrap();
		let account = AccountId32::from(pair.public());
		let hash = Hash::repeat_byte(7);
		let signature = hex::encode(pair.sign(&upload_message(&hash, 12)).as_ref() as &[u8]);
		let key = format!("0x{}", hex::encode(pair.public().as_slice()));
		for name in [account.to_ss58check(), key] {
			for signature in [signature.clone(), format!("0x{signature}")] {
				assert_eq!(uploader(&headers(&name, &signature), &hash, 12).unwrap(), account);
			}
		}
	}

	#[test]
	fn signature_is_refused_when_hash_size_or_account_differ() {
		let pair = sr25519::Pair::from_string("//Alice", None).unwrap();
		let other = sr25519::Pair::from_string("//Bob", None).unwrap();
		let hash = Hash::repeat_byte(7);
		let signature = hex::encode(pair.sign(&upload_message(&hash, 12)).as_ref() as &[u8]);
		let name = AccountId32::from(pair.public()).to_ss58check();
		let good = headers(&name, &signature);
		let differing = [
			uploader(&good, &Hash::repeat_byte(8), 12),
			uploader(&good, &hash, 13),
			uploader(
				&headers(&AccountId32::from(other.public()).to_ss58check(), &signature),
				&hash,
				12,
			),
			uploader(&headers(&name, &signature[2..]), &hash, 12),
			uploader(&headers(&name, &"zz".repeat(64)), &hash, 12),
			uploader(&headers(&name, &"00".repeat(64)), &hash, 12),
		];
		for result in differing {
			assert!(matches!(result, Err(Refusal::BadSignature)), "{result:?}");
		}
	}

	#[test]
	fn upload_is_refused_when_a_header_is_missing_or_no_account() {
		let hash = Hash::zero();
		assert!(matches!(
			uploader(&HeaderMap::new(), &hash, 1),
			Err(Refusal::Unsigned(ACCOUNT_HEADER))
		));
		for account in ["", "alice", "0x1234", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQX"] {
			let result = uploader(&headers(account, ""), &hash, 1);
			assert!(matches!(result, Err(Refusal::BadAccount(_))), "{account}: {result:?}");
		}
	}
}
