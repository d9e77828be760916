//! Signed things in JSON: their fields by name, hashes and signatures in hexadecimal.

use codec::{DecodeAll, Encode};
use openledger_primitives_core::{Balance, Hash, ModelId, SessionId, Sketch, model::Usage, units};
use openledger_primitives_receipts::{Receipt, SignedReceipt, SignedVoucher, Voucher};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sp_runtime::MultiSignature;

/// SCALE in hexadecimal.
mod scale {
	use super::*;

	pub fn serialize<S: Serializer>(
		signature: &MultiSignature,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&hex::encode(signature.encode()))
	}

	pub fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<MultiSignature, D::Error> {
		let text = String::deserialize(deserializer)?;
		let bytes = hex::decode(text).map_err(D::Error::custom)?;
		MultiSignature::decode_all(&mut bytes.as_slice()).map_err(D::Error::custom)
	}
}

/// Bytes in hexadecimal.
pub mod bytes {
	use super::*;

	pub fn serialize<S: Serializer>(
		bytes: impl AsRef<[u8]>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&hex::encode(bytes))
	}

	pub fn deserialize<'de, D: Deserializer<'de>, B: TryFrom<Vec<u8>>>(
		deserializer: D,
	) -> Result<B, D::Error> {
		let text = String::deserialize(deserializer)?;
		let bytes = hex::decode(text).map_err(D::Error::custom)?;
		B::try_from(bytes).map_err(|_| D::Error::custom("there are too many bytes, or too few"))
	}
}

pub mod sketch {
	use super::*;

	pub fn serialize<S: Serializer>(sketch: &Sketch, serializer: S) -> Result<S::Ok, S::Error> {
		let bytes: Vec<u8> = sketch.iter().map(|component| component.to_le_bytes()[0]).collect();
		serializer.serialize_str(&hex::encode(bytes))
	}

	pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sketch, D::Error> {
		let text = String::deserialize(deserializer)?;
		let bytes = hex::decode(text).map_err(D::Error::custom)?;
		let components: Vec<i8> = bytes.into_iter().map(|byte| i8::from_le_bytes([byte])).collect();
		Sketch::try_from(components).map_err(|_| D::Error::custom("the sketch is too long"))
	}
}

pub mod receipt {
	use super::*;

	#[derive(Serialize, Deserialize)]
	struct Fields {
		session: SessionId,
		position: u32,
		model: ModelId,
		input: Hash,
		output: Hash,
		usage: Usage,
		#[serde(with = "units")]
		fee: Balance,
		claim: Hash,
		#[serde(with = "scale")]
		signature: MultiSignature,
	}

	pub fn serialize<S: Serializer>(
		signed: &SignedReceipt,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		let SignedReceipt { receipt, signature } = signed.clone();
		let Receipt { session, position, model, input, output, usage, fee, claim } = receipt;
		Fields { session, position, model, input, output, usage, fee, claim, signature }
			.serialize(serializer)
	}

	pub fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<SignedReceipt, D::Error> {
		let Fields { session, position, model, input, output, usage, fee, claim, signature } =
			Fields::deserialize(deserializer)?;
		let receipt = Receipt { session, position, model, input, output, usage, fee, claim };
		Ok(SignedReceipt { receipt, signature })
	}
}

pub mod voucher {
	use super::*;

	#[derive(Serialize, Deserialize)]
	struct Fields {
		session: SessionId,
		#[serde(with = "units")]
		amount: Balance,
		count: u32,
		root: Hash,
		#[serde(with = "scale")]
		signature: MultiSignature,
	}

	pub fn serialize<S: Serializer>(
		signed: &SignedVoucher,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		let SignedVoucher { voucher, signature } = signed.clone();
		let Voucher { session, amount, count, root } = voucher;
		Fields { session, amount, count, root, signature }.serialize(serializer)
	}

	pub fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<SignedVoucher, D::Error> {
		let Fields { session, amount, count, root, signature } = Fields::deserialize(deserializer)?;
		Ok(SignedVoucher { voucher: Voucher { session, amount, count, root }, signature })
	}
}
