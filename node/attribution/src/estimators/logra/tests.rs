use super::*;
use crate::{
	error::Error,
	estimators::{
		gradients::Gradients,
		tests::{Model, model},
	},
};

#[test]
fn projected_factors_are_the_projected_gradient() {
	let Model { trained, items, .. } = model();
	let layout = Layout::new(&trained.adapter, 0);
	let items: Vec<Item<'_>> = items.iter().map(|item| item.item()).collect();
	let projections = Projections::new(&layout, 512, &Hash::zero());
	let of = Trained { base: &trained.base, adapter: &trained.adapter, checkpoints: &[] };
	let mut rows = Vec::new();
	let labels = (Objective::Likelihood, Labels::Given);
	projections
		.each(&of, &items, labels, |_, row| {
			rows.push(row);
			Ok(())
		})
		.unwrap();
	let of = (of.base, of.adapter, &layout);
	let gradients = Gradients::new(of, &items, Objective::Likelihood, Labels::Given).all().unwrap();
	for (row, gradient) in rows.iter().zip(gradients.chunks(layout.length)) {
		assert_eq!(row.len(), projections.width);
		for (projected, matrix) in projections.matrices.iter().zip(&layout.matrices) {
			let gradient = &gradient[matrix.range.clone()];
			let (rank, width) = (projected.low.outputs, projected.wide.outputs);
			let entry = |i: usize, j: usize| match matrix.side {
				Side::A => gradient[i * matrix.wide + j],
				Side::B => gradient[j * matrix.rank + i],
			};
			// Its columns, one after the other.
			let written = |signs: &Signs| -> Vec<f32> {
				let unit = |at| move |input| f32::from(u8::from(input == at));
				let columns = (0..signs.inputs).map(|at| (0..signs.inputs).map(unit(at)).collect());
				columns.flat_map(|column: Vec<f32>| signs.apply(&column)).collect()
			};
			let (low, wide) = (written(&projected.low), written(&projected.wide));
			let found = &row[projected.at..][..rank * width];
			let size = gradient.iter().map(|g| g.abs()).fold(0.0, f32::max);
			for (at, found) in found.iter().enumerate() {
				let mut expected = 0f64;
				for i in 0..matrix.rank {
					for j in 0..matrix.wide {
						let low = low[i * rank + at / width];
						let wide = wide[j * width + at % width];
						expected += f64::from(low * entry(i, j) * wide);
					}
				}
				assert!((f64::from(*found) - expected).abs() < 1e-3 * f64::from(size).max(1e-6));
			}
		}
	}
}

#[test]
fn components_are_at_most_as_many_as_asked_for_and_shared_out_evenly() {
	let Model { trained, .. } = model();
	let layout = Layout::new(&trained.adapter, 0);
	for dimension in [64, 200, 512] {
		let projections = Projections::new(&layout, dimension, &Hash::zero());
		assert!(projections.width <= dimension && 2 * projections.width > dimension);
	}
	// One for each matrix at the least.
	assert_eq!(Projections::new(&layout, 1, &Hash::zero()).width, layout.matrices.len());
}

#[test]
fn root_times_itself_is_the_damped_inverse() {
	let (width, count) = (3, 4);
	let sum = [4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 2.0];
	let root = inverse_root(&sum, (width, count), 0.1).unwrap();
	let lambda = 0.1 * 9.0 / 4.0 / 3.0;
	for (row, unit) in [[1.0f32, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].iter().enumerate() {
		let (mut once, mut twice) = ([0.0; 3], [0.0; 3]);
		root.multiply(&Team::alone(), unit, &mut once).unwrap();
		root.multiply(&Team::alone(), &once, &mut twice).unwrap();
		// (F + λ) · (F + λ)⁻¹ is the identity.
		for (at, of) in sum.chunks(width).enumerate() {
			let image: f64 =
				of.iter()
					.zip(twice)
					.map(|(f, value)| f / count as f64 * f64::from(value))
					.sum::<f64>() + lambda * f64::from(twice[at]);
			assert!((image - f64::from(u8::from(at == row))).abs() < 1e-5);
		}
	}
}

#[test]
fn curvature_of_nothing_counts_for_nothing_and_is_refused_when_not_finite() {
	let root = inverse_root(&[0.0; 4], (2, 0), 0.1).unwrap();
	let mut image = [1.0; 2];
	root.multiply(&Team::alone(), &[1.0, 2.0], &mut image).unwrap();
	assert_eq!(image, [0.0; 2]);
	let refused = inverse_root(&[f64::NAN; 4], (2, 1), 0.1);
	assert!(matches!(refused, Err(Error::NonFinite { .. })));
}
