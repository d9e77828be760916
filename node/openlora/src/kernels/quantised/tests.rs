use candle_core::{
	Device,
	quantized::{GgmlDType, ggml_file::qtensor_from_ggml},
};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::kernels::Team;

const FORMATS: [(BlockFormat, GgmlDType); 8] = [
	(BlockFormat::Q4_0, GgmlDType::Q4_0),
	(BlockFormat::Q4_1, GgmlDType::Q4_1),
	(BlockFormat::Q5_0, GgmlDType::Q5_0),
	(BlockFormat::Q5_1, GgmlDType::Q5_1),
	(BlockFormat::Q8_0, GgmlDType::Q8_0),
	(BlockFormat::Q4K, GgmlDType::Q4K),
	(BlockFormat::Q5K, GgmlDType::Q5K),
	(BlockFormat::Q6K, GgmlDType::Q6K),
];

/// Where a block of that format has half-precision numbers.
fn halves(format: BlockFormat) -> &'static [usize] {
	match format {
		BlockFormat::Q4_0 | BlockFormat::Q5_0 | BlockFormat::Q8_0 => &[0],
		BlockFormat::Q4_1 | BlockFormat::Q5_1 | BlockFormat::Q4K | BlockFormat::Q5K => &[0, 2],
		BlockFormat::Q6K => &[208],
	}
}

/// Blocks of random bytes with scales that are finite, −128 among the weights.
fn blocks(format: BlockFormat, outputs: usize, inputs: usize, seed: u64) -> Vec<u8> {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	let row = format.row_bytes(inputs).unwrap();
	let block = match inputs.is_multiple_of(256) && format.row_bytes(32).is_none() {
		true => format.row_bytes(256).unwrap(),
		false => format.row_bytes(32).unwrap(),
	};
	let mut data = vec![0; outputs * row];
	rng.fill_bytes(&mut data);
	for block in data.chunks_mut(block) {
		for at in halves(format) {
			let number = half::f16::from_f32(rng.random_range(-0.1..0.1));
			block[*at..][..2].copy_from_slice(&number.to_le_bytes());
		}
		if format == BlockFormat::Q8_0 {
			block[2..6].fill(0x80);
		}
	}
	data
}

fn panels(format: BlockFormat, outputs: usize, inputs: usize, data: &[u8]) -> Panels {
	let row = format.row_bytes(inputs).unwrap();
	Panels::pack(format, outputs, inputs, |output| &data[output * row..][..row]).unwrap()
}

fn expanded(panels: &Panels, isa: Isa) -> Vec<f32> {
	let inputs = panels.inputs();
	let mut values = vec![0.0; panels.count() * LANES * inputs];
	for (index, target) in values.chunks_mut(LANES * inputs).enumerate() {
		panels.expand(isa, index, 0..inputs, target, inputs);
	}
	values.truncate(panels.outputs() * inputs);
	values
}

fn uniform(count: usize, seed: u64) -> Vec<f32> {
	let mut rng = ChaCha8Rng::seed_from_u64(seed);
	(0..count).map(|_| rng.random_range(-2.0..2.0)).collect()
}

fn multiply(panels: &Panels, team: &Team, x: &[f32]) -> Vec<f32> {
	let mut rows = Rows::default();
	assert!(rows.assign(team, x, panels.inputs()));
	let mut target = vec![f32::NAN; rows.count() * panels.outputs()];
	// SAFETY: nobody else writes.
	unsafe { panels.multiply(team.isa(), 0..panels.count(), &rows, Shared::new(&mut target)) };
	target
}

#[test]
fn weights_are_what_candle_expands_the_same_blocks_to() {
	for (format, dtype) in FORMATS {
		let (outputs, inputs) = (19, 512);
		let data = blocks(format, outputs, inputs, 1);
		let theirs = qtensor_from_ggml(dtype, &data, vec![outputs, inputs], &Device::Cpu).unwrap();
		let theirs = theirs.dequantize(&Device::Cpu).unwrap();
		let theirs = theirs.flatten_all().unwrap().to_vec1::<f32>().unwrap();
		let ours = expanded(&panels(format, outputs, inputs, &data), Isa::best());
		for (ours, theirs) in ours.iter().zip(&theirs) {
			// Fused, the minimum is added before anything is rounded.
			assert!(
				(ours - theirs).abs() <= 2e-6 * theirs.abs().max(1.0),
				"{format:?}: {ours} {theirs}"
			);
		}
		assert_eq!(ours.len(), theirs.len());
	}
}

#[test]
fn products_agree_with_double_precision_over_rounded_activations() {
	for (format, _) in FORMATS {
		let (outputs, inputs, count) = (35, 512, 3);
		let data = blocks(format, outputs, inputs, 2);
		let panels = panels(format, outputs, inputs, &data);
		let (x, weights) = (uniform(count * inputs, 3), expanded(&panels, Isa::best()));
		let team = Team::alone();
		let mut rows = Rows::default();
		assert!(rows.assign(&team, &x, inputs));
		let y = multiply(&panels, &team, &x);
		for (row, y) in y.chunks(outputs).enumerate() {
			let row = rows.row(row);
			for (output, y) in y.iter().enumerate() {
				let exact: f64 = (0..inputs)
					.map(|i| {
						let x = f64::from(row.values[i]) * f64::from(row.scales[i / BLOCK]);
						x * f64::from(weights[output * inputs + i])
					})
					.sum();
				assert!((f64::from(*y) - exact).abs() < 1e-3, "{format:?}: {y} {exact}");
			}
		}
	}
}

#[test]
fn products_have_the_same_bits_on_every_instruction_set_and_for_every_number_of_rows() {
	for (format, _) in FORMATS {
		let (outputs, inputs) = (35, 512);
		let panels = panels(format, outputs, inputs, &blocks(format, outputs, inputs, 4));
		let x = uniform(9 * inputs, 5);
		let expected = multiply(&panels, &Team::alone_with(Isa::Portable), &x);
		for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
			let team = Team::alone_with(isa);
			for count in [1, 2, 3, 4, 5, 7, 9] {
				let y = multiply(&panels, &team, &x[..count * inputs]);
				let bits = |y: &[f32]| y.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
				assert_eq!(bits(&y), bits(&expected[..count * outputs]), "{format:?} {isa:?}");
			}
			assert_eq!(expanded(&panels, isa), expanded(&panels, Isa::Portable), "{format:?}");
		}
	}
}

#[test]
fn products_are_exact_when_every_byte_is_at_its_end() {
	let inputs = 64;
	let mut data = Vec::new();
	for _ in 0..inputs / 32 {
		data.extend(half::f16::from_f32(1.0).to_le_bytes());
		data.extend([0x80; 32]);
	}
	let panels = panels(BlockFormat::Q8_0, 1, inputs, &data);
	for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
		for x in [127.0, -127.0] {
			let y = multiply(&panels, &Team::alone_with(isa), &vec![x; inputs]);
			assert_eq!(y, [-128.0 * x * inputs as f32], "{isa:?}");
		}
	}
}

#[test]
fn blocks_are_refused_when_a_scale_is_not_finite() {
	for (format, _) in FORMATS {
		let (outputs, inputs) = (40, 512);
		let row = format.row_bytes(inputs).unwrap();
		for bad in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
			let mut data = blocks(format, outputs, inputs, 1);
			let at = 33 * row + halves(format)[0];
			data[at..at + 2].copy_from_slice(&half::f16::from_f32(bad).to_le_bytes());
			let packed =
				Panels::pack(format, outputs, inputs, |output| &data[output * row..][..row]);
			assert_eq!(packed.err(), Some(32), "{format:?} {bad}");
		}
	}
}

#[test]
fn rows_are_of_whole_blocks() {
	assert_eq!(BlockFormat::Q4_1.row_bytes(576), Some(360));
	assert_eq!(BlockFormat::Q4_1.row_bytes(577), None);
	assert_eq!(BlockFormat::Q6K.row_bytes(576), None);
}
