use std::path::PathBuf;

use candle_core::Tensor;

use super::*;
use crate::{
	kernels::Isa,
	testing::{Encoding as Stored, GgufWriter, MetadataValue},
	weights::Matrix,
};

struct TempFile {
	_folder: tempfile::TempDir,
	path: PathBuf,
}

fn file(bytes: &[u8]) -> TempFile {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("test.gguf");
	std::fs::write(&path, bytes).unwrap();
	TempFile { _folder: folder, path }
}

fn open(bytes: &[u8]) -> Result<Gguf> {
	Gguf::open(&file(bytes).path)
}

/// 2 × 256 values between −1 and 1.
fn matrix() -> Tensor {
	let values: Vec<f32> = (0..512).map(|i| (i as f32 * 0.37).sin()).collect();
	Tensor::from_vec(values, (2, 256), &Device::Cpu).unwrap()
}

fn writer() -> GgufWriter {
	let mut writer = GgufWriter::default();
	writer.set("name", MetadataValue::Text("tiny".into()));
	writer.set("list", MetadataValue::I32s(vec![1, -2, 3]));
	writer.set("flag", MetadataValue::Bool(true));
	writer.tensor("matrix".into(), &matrix(), Stored::F32);
	writer
}

/// The values of a matrix of the file.
fn values(gguf: &mut Gguf, name: &str) -> Vec<Vec<f32>> {
	let matrix = Matrix::new(gguf.tensor(name).unwrap()).unwrap();
	let inputs = matrix.dimensions().0;
	matrix.values(Isa::best()).chunks(inputs).map(<[f32]>::to_vec).collect()
}

/// A header of one metadata entry whose bytes after the key are given.
fn entry(value: &[u8]) -> Vec<u8> {
	let mut bytes = b"GGUF".to_vec();
	bytes.extend(3u32.to_le_bytes());
	bytes.extend(0u64.to_le_bytes());
	bytes.extend(1u64.to_le_bytes());
	bytes.extend(1u64.to_le_bytes());
	bytes.push(b'k');
	bytes.extend(value);
	bytes
}

#[test]
fn header_and_tensor_are_read_when_well_formed() {
	let mut gguf = open(&writer().finish()).unwrap();
	assert_eq!(gguf.require("name").unwrap().text("name").unwrap(), "tiny");
	assert_eq!(gguf.get("list").unwrap().whole("list").unwrap(), [1, -2, 3]);
	assert_eq!(gguf.shape("matrix").unwrap(), [2, 256]);
	assert_eq!(values(&mut gguf, "matrix"), matrix().to_vec2::<f32>().unwrap());
}

#[test]
fn tensor_is_close_to_the_original_when_stored_in_fewer_bits() {
	let encodings = [
		(Stored::F16, 1e-3),
		(Stored::Bf16, 8e-3),
		(Stored::Blocks(GgmlDType::Q8_0), 1e-2),
		(Stored::Blocks(GgmlDType::Q6K), 5e-2),
		(Stored::Blocks(GgmlDType::Q5_0), 8e-2),
		(Stored::Blocks(GgmlDType::Q5_1), 8e-2),
		(Stored::Blocks(GgmlDType::Q5K), 8e-2),
		(Stored::Blocks(GgmlDType::Q4_0), 0.15),
		(Stored::Blocks(GgmlDType::Q4_1), 0.15),
		(Stored::Blocks(GgmlDType::Q4K), 0.15),
		(Stored::Blocks(GgmlDType::Q3K), 0.3),
		(Stored::Blocks(GgmlDType::Q2K), 0.6),
	];
	for (encoding, bound) in encodings {
		let mut writer = writer();
		writer.tensor("matrix".into(), &matrix(), encoding);
		let read = values(&mut open(&writer.finish()).unwrap(), "matrix").concat();
		let written = matrix().to_vec2::<f32>().unwrap().concat();
		let differences = read.iter().zip(written).map(|(a, b)| (a - b).abs());
		let largest = differences.fold(0f32, f32::max);
		assert!(largest > 0.0 && largest < bound, "{encoding:?} is off by {largest}");
	}
}

#[test]
fn q4_1_block_is_scale_times_quant_plus_minimum_when_read() {
	let mut writer = GgufWriter::default();
	let row = Tensor::zeros((1, 32), candle_core::DType::F32, &Device::Cpu).unwrap();
	writer.tensor("row".into(), &row, Stored::Blocks(GgmlDType::Q4_1));
	// Scale 0.5, minimum −2, low nibbles first.
	let data = writer.data("row");
	data.clear();
	data.extend(half::f16::from_f32(0.5).to_le_bytes());
	data.extend(half::f16::from_f32(-2.0).to_le_bytes());
	data.extend((0..16u8).map(|i| i | (15 - i) << 4));
	let read = values(&mut open(&writer.finish()).unwrap(), "row");
	for i in 0..16 {
		assert_eq!(read[0][i], i as f32 * 0.5 - 2.0);
		assert_eq!(read[0][i + 16], (15 - i) as f32 * 0.5 - 2.0);
	}
}

#[test]
fn file_is_refused_when_it_ends_early_anywhere() {
	let bytes = writer().finish();
	for len in 0..bytes.len() {
		match open(&bytes[..len]) {
			Err(Error::Truncated { .. }) => {}
			other => panic!("cut to {len} bytes gave {other:?}"),
		}
	}
}

#[test]
fn file_is_refused_when_magic_or_version_is_wrong() {
	let good = writer().finish();
	assert!(matches!(open(b"PK\x03\x04 and more bytes"), Err(Error::BadMagic { .. })));
	assert!(matches!(open(&vec![0; 4096]), Err(Error::BadMagic { .. })));
	for version in [0u32, 1, 4, 3u32.swap_bytes()] {
		let mut bytes = good.clone();
		bytes[4..8].copy_from_slice(&version.to_le_bytes());
		match open(&bytes) {
			Err(Error::UnsupportedVersion { found, .. }) => assert_eq!(found, version),
			other => panic!("version {version} gave {other:?}"),
		}
	}
}

#[test]
fn header_is_refused_when_a_count_or_length_is_enormous() {
	let good = writer().finish();
	for at in [8, 16, 24] {
		let mut bytes = good.clone();
		bytes[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
		assert!(matches!(open(&bytes), Err(Error::OversizedHeader { .. })), "field at {at}");
	}
	let mut array = 9u32.to_le_bytes().to_vec();
	array.extend(0u32.to_le_bytes());
	array.extend(u64::MAX.to_le_bytes());
	assert!(matches!(open(&entry(&array)), Err(Error::OversizedHeader { .. })));
	array.truncate(8);
	array.extend(MAX_ARRAY.to_le_bytes());
	assert!(matches!(open(&entry(&array)), Err(Error::Truncated { .. })));
}

#[test]
fn metadata_is_refused_when_a_value_makes_no_sense() {
	let malformed = |bytes: &[u8]| matches!(open(bytes), Err(Error::Malformed { .. }));
	// A type that does not exist, a boolean of 2, text that is not UTF-8.
	assert!(malformed(&entry(&99u32.to_le_bytes())));
	let mut boolean = 7u32.to_le_bytes().to_vec();
	boolean.push(2);
	assert!(malformed(&entry(&boolean)));
	let mut text = 8u32.to_le_bytes().to_vec();
	text.extend(1u64.to_le_bytes());
	text.push(0xff);
	assert!(malformed(&entry(&text)));
	// Arrays of arrays of arrays.
	let mut nested = 9u32.to_le_bytes().to_vec();
	for _ in 0..5 {
		nested.extend(9u32.to_le_bytes());
		nested.extend(1u64.to_le_bytes());
	}
	assert!(malformed(&entry(&nested)));
}

#[test]
fn header_is_refused_when_a_name_appears_twice() {
	let mut bytes = entry(&[]);
	let key = bytes.split_off(24);
	bytes[16..24].copy_from_slice(&2u64.to_le_bytes());
	for _ in 0..2 {
		bytes.extend(&key);
		bytes.extend(7u32.to_le_bytes());
		bytes.push(1);
	}
	assert!(matches!(open(&bytes), Err(Error::Malformed { .. })));
}

#[test]
fn tensor_is_refused_when_its_description_is_wrong() {
	let refused = |change: &dyn Fn(&mut GgufWriter)| {
		let mut writer = writer();
		change(&mut writer);
		open(&writer.finish()).unwrap_err()
	};
	let overflow = refused(&|w| {
		w.reshape("matrix", &[usize::MAX / 2, 256]);
	});
	assert!(matches!(overflow, Error::Malformed { .. }));
	let beyond = refused(&|w| {
		w.reshape("matrix", &[4096, 256]);
	});
	assert!(matches!(beyond, Error::Truncated { .. }));
	let scalar = refused(&|w| {
		w.reshape("matrix", &[]);
	});
	assert!(matches!(scalar, Error::Malformed { .. }));
	let deep = refused(&|w| {
		w.reshape("matrix", &[1, 1, 1, 1, 512]);
	});
	assert!(matches!(deep, Error::Malformed { .. }));
	let kind = refused(&|w| {
		w.retype("matrix", 31);
	});
	assert!(matches!(kind, Error::UnsupportedDtype { .. }));
	let uneven = refused(&|w| {
		w.reshape("matrix", &[16, 31]).retype("matrix", 3);
	});
	assert!(matches!(uneven, Error::Malformed { .. }));
}

#[test]
fn file_is_refused_when_the_alignment_is_not_a_power_of_two() {
	for alignment in [0, 24, 1 << 20] {
		let mut writer = writer();
		writer.set("general.alignment", MetadataValue::U32(alignment));
		assert!(matches!(open(&writer.finish()), Err(Error::Malformed { .. })));
	}
}

#[test]
fn lookups_are_refused_when_the_name_is_absent() {
	let mut gguf = open(&writer().finish()).unwrap();
	assert!(matches!(gguf.require("absent"), Err(Error::MissingMetadata(_))));
	assert!(matches!(gguf.tensor("absent"), Err(Error::MissingTensor(_))));
	assert!(matches!(gguf.shape("absent"), Err(Error::MissingTensor(_))));
	assert!(matches!(Gguf::open(std::path::Path::new("no/such/file")), Err(Error::Io { .. })));
}
