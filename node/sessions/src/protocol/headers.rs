//! What goes with a request, as headers.

use crate::Access;
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives_core::Balance;
use openledger_primitives_receipts::{SignedVoucher, commitment::Salt};

/// The header with the [`Access`], SCALE in hexadecimal.
pub const ACCESS: &str = "openledger-access";
/// The header with the salt, in hexadecimal.
pub const SALT: &str = "openledger-salt";
/// The header with the most that the answer may cost, in the smallest unit of OPEN, decimal.
pub const MOST: &str = "openledger-most";
/// The header with the voucher for what came before, SCALE in hexadecimal.
pub const VOUCHER: &str = "openledger-voucher";

/// What goes with a request that is paid in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
	/// What lets the client use the session.
	pub access: Access,
	/// The salt of the answer's commitments.
	pub salt: Salt,
	/// The most that the answer may cost, in the smallest unit of OPEN.
	pub most: Balance,
	/// The voucher for what came before.
	pub voucher: Option<SignedVoucher>,
}

/// Why a header is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
	/// It is missing.
	#[error("the header {0} is missing: a request in a session needs it")]
	Missing(&'static str),
	/// It is not what it should be.
	#[error("the header {0} is not what it should be: see the protocol")]
	Malformed(&'static str),
}

pub(super) fn scale<T: Decode>(name: &'static str, value: &str) -> Result<T, BadHeader> {
	let bytes = hex::decode(value).map_err(|_| BadHeader::Malformed(name))?;
	T::decode_all(&mut bytes.as_slice()).map_err(|_| BadHeader::Malformed(name))
}

/// Reads [`ACCESS`] alone; `None` where a request is not in a session.
///
/// # Errors
/// [`BadHeader`].
pub fn access<'a>(
	header: impl Fn(&'static str) -> Option<&'a str>,
) -> Result<Option<Access>, BadHeader> {
	header(ACCESS).map(|value| scale(ACCESS, value)).transpose()
}

impl Asking {
	/// The headers, in lower case.
	pub fn headers(&self) -> Vec<(&'static str, String)> {
		let mut headers = vec![
			(ACCESS, hex::encode(self.access.encode())),
			(SALT, hex::encode(self.salt)),
			(MOST, self.most.to_string()),
		];
		headers.extend(self.voucher.iter().map(|voucher| (VOUCHER, hex::encode(voucher.encode()))));
		headers
	}

	/// Reads the headers; `None` where a request is not in a session.
	///
	/// # Errors
	/// [`BadHeader`].
	pub fn read<'a>(
		header: impl Fn(&'static str) -> Option<&'a str>,
	) -> Result<Option<Self>, BadHeader> {
		let Some(access) = access(&header)? else { return Ok(None) };
		let needed = |name| header(name).ok_or(BadHeader::Missing(name));
		Ok(Some(Self {
			access,
			salt: scale(SALT, needed(SALT)?)?,
			most: needed(MOST)?.parse().map_err(|_| BadHeader::Malformed(MOST))?,
			voucher: header(VOUCHER).map(|value| scale(VOUCHER, value)).transpose()?,
		}))
	}
}
