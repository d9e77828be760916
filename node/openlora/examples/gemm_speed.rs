//! Measures the reproducible product of single-precision matrices beside the gemm crate, and prints one
//! JSON object.
//!
//! `gemm_speed [SECONDS]`: so long for each of both on each shape, by default 1. `OPENLORA_THREADS` and
//! `OPENLORA_ISA` choose threads and instructions. Both multiply the same rows with the same weights,
//! `y = x · wᵀ`; ours has packed the weights before, as a base's are, gemm packs what it wants each time.
//! They take turns, and each shape's figure is that of each one's best turn.

use std::{error::Error, time::Instant};

use gemm::Parallelism;
use openlora::{Team, matmul::Weights};
use serde_json::json;

/// (rows, inputs, outputs): projections of bases of 135 million and of a billion parameters for prompts
/// of some lengths, and squares.
const SHAPES: [(usize, usize, usize); 10] = [
	(16, 576, 1536),
	(64, 576, 576),
	(256, 576, 1536),
	(256, 1536, 576),
	(128, 2048, 2048),
	(128, 2048, 5632),
	(128, 5632, 2048),
	(256, 256, 256),
	(512, 512, 512),
	(1024, 1024, 1024),
];
/// Turns of each on a shape.
const TURNS: usize = 5;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
	(0..count).map(|i| ((i * 7919 + seed) % 2003) as f32 / 1001.0 - 1.0).collect()
}

/// `y = x · wᵀ`, all row-major.
fn by_gemm(shape: (usize, usize, usize), x: &[f32], w: &[f32], y: &mut [f32], threads: usize) {
	let (rows, inputs, outputs) = shape;
	assert!(x.len() == rows * inputs && w.len() == outputs * inputs && y.len() == rows * outputs);
	let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
	let (inputs_step, outputs_step) = (inputs as isize, outputs as isize);
	// SAFETY: the sides are as long as was asserted, and do not overlap.
	unsafe {
		gemm::gemm(
			rows,
			outputs,
			inputs,
			y.as_mut_ptr(),
			1,
			outputs_step,
			false,
			x.as_ptr(),
			1,
			inputs_step,
			w.as_ptr(),
			inputs_step,
			1,
			0.0,
			1.0,
			false,
			false,
			false,
			parallelism,
		);
	}
}

/// Calls a second, for about so long.
fn rate(seconds: f64, mut call: impl FnMut()) -> f64 {
	let begun = Instant::now();
	let mut calls = 0;
	while begun.elapsed().as_secs_f64() < seconds {
		call();
		calls += 1;
	}
	f64::from(calls) / begun.elapsed().as_secs_f64()
}

fn main() -> Result<(), Box<dyn Error>> {
	let seconds: f64 = std::env::args().nth(1).map_or(Ok(1.0), |text| text.parse())?;
	let team = Team::shared()?;
	let mut found = Vec::new();
	for shape @ (rows, inputs, outputs) in SHAPES {
		let (x, w) = (numbers(rows * inputs, 1), numbers(outputs * inputs, 2));
		let weights = Weights::pack(outputs, inputs, &w)?;
		let (mut own, mut other) = (vec![0.0; rows * outputs], vec![0.0; rows * outputs]);
		weights.multiply(team, &x, &mut own)?;
		by_gemm(shape, &x, &w, &mut other, team.threads());
		let far = own.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
		assert!(far < 1e-2, "both compute the same, not {far} apart");
		let (mut ours, mut theirs) = (0f64, 0f64);
		for _ in 0..TURNS {
			let each = seconds / TURNS as f64;
			theirs = theirs.max(rate(each, || by_gemm(shape, &x, &w, &mut other, team.threads())));
			ours = ours.max(rate(each, || {
				weights.multiply(team, &x, &mut own).expect("the sides fit");
			}));
		}
		let flops = 2e-9 * (rows * inputs * outputs) as f64;
		found.push((
			ours / theirs,
			json!({
				"rows": rows,
				"inputs": inputs,
				"outputs": outputs,
				"ours_gflops": ours * flops,
				"gemm_gflops": theirs * flops,
				"ratio": ours / theirs,
			}),
		));
	}
	let mean = found.iter().map(|(ratio, _)| ratio.ln()).sum::<f64>() / found.len() as f64;
	let worst = found.iter().map(|(ratio, _)| *ratio).fold(f64::INFINITY, f64::min);
	println!(
		"{}",
		json!({
			"gemm_over_gemm": mean.exp(),
			"gemm_over_gemm_worst": worst,
			"shapes": found.into_iter().map(|(_, shape)| shape).collect::<Vec<_>>(),
			"threads": team.threads(),
			"instructions": team.isa().name(),
		})
	);
	Ok(())
}
