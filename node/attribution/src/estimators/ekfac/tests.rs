use super::*;
use crate::estimators::tests::{Model, model};
use nalgebra::{DMatrix, DVector};

fn noise(count: usize, seed: usize) -> Vec<f64> {
	(0..count).map(|i| ((i * 7_919 + seed * 104_729) % 1_013) as f64 / 507.0 - 1.0).collect()
}

/// A positive definite matrix.
fn moment(width: usize, seed: usize) -> DMatrix<f64> {
	let root = DMatrix::from_row_slice(width, width, &noise(width * width, seed));
	&root * root.transpose() + DMatrix::identity(width, width) * 0.1
}

fn values(matrix: &DMatrix<f64>) -> Vec<f64> {
	matrix.transpose().iter().copied().collect()
}

fn rotation(matrix: Matrix, low: &DMatrix<f64>, wide: &DMatrix<f64>) -> Rotation {
	let low = eigen::symmetric(&values(low), matrix.rank).unwrap().vectors;
	let of_wide = eigen::symmetric(&values(wide), matrix.wide).unwrap().vectors;
	let wide = Weights::pack(matrix.wide, matrix.wide, &of_wide).unwrap();
	Rotation { matrix, low, wide }
}

/// `[rank, wide]` in the engine's order.
fn engine_order(side: Side, gradient: &DMatrix<f64>) -> Vec<f32> {
	// nalgebra's own order is by columns.
	let ordered = if side == Side::A { gradient.transpose() } else { gradient.clone() };
	ordered.iter().map(|value| *value as f32).collect()
}

#[test]
fn products_are_those_with_the_exact_inverse_when_the_moment_is_a_kronecker_product() {
	let (rank, damping) = (3, 0.1);
	for (side, wide) in [(Side::A, 5), (Side::B, 4)] {
		let (low, high) = (moment(rank, 1), moment(wide, 2));
		let exact = low.kronecker(&high);
		let size = rank * wide;
		// Gradients along every pair of eigenvectors, whose second moment is that product.
		let (of_low, of_high) = (low.clone().symmetric_eigen(), high.clone().symmetric_eigen());
		let mut gradients = Vec::new();
		for i in 0..rank {
			for j in 0..wide {
				let length = of_low.eigenvalues[i] * of_high.eigenvalues[j] * size as f64;
				let (l, w) = (of_low.eigenvectors.column(i), of_high.eigenvectors.column(j));
				gradients.push(l * w.transpose() * length.sqrt());
			}
		}
		let matrix = Matrix { layer: 0, module: Module::Q, side, range: 0..size, rank, wide };
		let rotations = vec![rotation(matrix, &low, &high)];
		let mut basis = Basis { length: size, rotations, factors: Vec::new() };
		let mut rows: Vec<f32> =
			gradients.iter().flat_map(|gradient| engine_order(side, gradient)).collect();
		basis.rotate(&mut rows).unwrap();
		let mut squares = vec![0.0; size];
		for row in rows.chunks(size) {
			squares.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(v * v));
		}
		basis.correct(&squares, gradients.len(), damping).unwrap();

		let lambda = damping * exact.trace() / size as f64;
		let inverse = (exact + DMatrix::identity(size, size) * lambda).try_inverse().unwrap();
		let of = |seed| DMatrix::from_row_slice(rank, wide, &noise(size, seed));
		let (query, record) = (of(3), of(4));
		let flat = |gradient: &DMatrix<f64>| DVector::from_vec(values(gradient));
		let expected = flat(&query).dot(&(inverse * flat(&record)));
		let mut rows = [engine_order(side, &query), engine_order(side, &record)].concat();
		basis.rotate(&mut rows).unwrap();
		basis.whiten(&mut rows);
		let (query, record) = rows.split_at(size);
		let found: f64 = query.iter().zip(record).map(|(q, r)| f64::from(q * r)).sum();
		assert!((found - expected).abs() < 1e-4 * expected.abs(), "{found} {expected}");
	}
}

#[test]
fn eigenvectors_make_the_covariances_of_both_factors_diagonal() {
	let Model { trained, items, .. } = model();
	let layout = Layout::new(&trained.adapter, 0);
	let of = (&*trained.base, &trained.adapter, &layout);
	let curvature = Curvature::default();
	let items = items.iter().map(|item| item.item()).collect::<Vec<_>>();
	let found = rotations(curvature, of, &items).unwrap();
	let chosen = found.iter().find(|of| of.matrix.side == Side::B).unwrap();
	let (rank, width) = (chosen.matrix.rank, chosen.matrix.wide);
	let start = layout.matrices[0].range.start;
	let options = FactorOptions { labels: curvature.labels, ..FactorOptions::default() };
	let keep = |rows: &mut (Vec<f32>, Vec<f32>), factors: &Factors<'_>| {
		if factors.offset == start {
			*rows = (factors.u.to_vec(), factors.delta.to_vec());
		}
	};
	let (mut low, mut wide) = (Vec::new(), Vec::new());
	let sequences = sequences(&items);
	let first = |_| (Vec::new(), Vec::new());
	factored_gradients(of.0, of.1, &sequences, options, first, keep, |_, (u, delta)| {
		low.extend(u);
		wide.extend(delta);
		Ok(())
	})
	.unwrap();
	let mut turned = vec![0.0; wide.len()];
	chosen.wide.multiply(&Team::alone(), &wide, &mut turned).unwrap();
	let mut short = vec![0.0; low.len()];
	let rows = short.chunks_mut(rank).zip(low.chunks(rank));
	rows.for_each(|(target, row)| combine(&chosen.low, row, 1, target));
	for (rows, width) in [(turned, width), (short, rank)] {
		let mut products = vec![0f64; width * width];
		for row in rows.chunks(width) {
			for i in 0..width {
				for j in 0..width {
					products[i * width + j] += f64::from(row[i] * row[j]);
				}
			}
		}
		let trace: f64 = (0..width).map(|i| products[i * width + i]).sum();
		assert!(trace > 0.0);
		for (at, value) in products.iter().enumerate() {
			let diagonal = at / width == at % width;
			assert!(diagonal || value.abs() < 1e-4 * trace, "{at}: {value} of {trace}");
		}
	}
}

#[test]
fn matrix_without_gradients_counts_for_nothing() {
	let matrix =
		Matrix { layer: 0, module: Module::Q, side: Side::A, range: 0..6, rank: 2, wide: 3 };
	let rotations = vec![rotation(matrix, &moment(2, 1), &moment(3, 2))];
	let mut basis = Basis { length: 6, rotations, factors: Vec::new() };
	basis.correct(&[0.0; 6], 4, 0.1).unwrap();
	let mut rows = [1.0; 6];
	basis.whiten(&mut rows);
	assert_eq!(rows, [0.0; 6]);
}

#[test]
fn curvature_is_refused_when_a_gradient_is_not_finite() {
	let mut basis = Basis { length: 1, rotations: Vec::new(), factors: Vec::new() };
	assert!(matches!(basis.correct(&[f64::NAN], 1, 0.1), Err(Error::NonFinite { .. })));
}
