//! What was tried before the default was chosen.

use openledger_attribution::estimators::{
	Curvature, Estimator, Gradient, Layers, Length, LoGra, Rounding, Sketch,
};
use openlora::Objective::{Likelihood, Odds, Root};

/// The variants by name: objectives of both sides, layers, lengths, curvature, dimension and rounding.
pub fn all() -> Vec<(String, Box<dyn Estimator>)> {
	let mut found: Vec<(String, Box<dyn Estimator>)> = Vec::new();
	let objectives = [
		(Likelihood, Likelihood),
		(Root, Root),
		(Odds, Odds),
		(Root, Likelihood),
		(Likelihood, Root),
		(Odds, Likelihood),
	];
	let curvature = Some(Curvature::default());
	for (query, record) in objectives {
		let pair = format!("{query:?} of queries, {record:?} of records");
		for (place, layers) in [("all layers", Layers::All), ("upper layers", Layers::Upper)] {
			for (unit, length) in
				[("unit length", Length::Unit), ("matrices of unit length", Length::EachMatrix)]
			{
				let gradient = Gradient { query, record, layers, length, curvature: None };
				found.push((format!("{pair}, {place}, {unit}"), Box::new(gradient)));
			}
		}
		let ekfac =
			Gradient { query, record, layers: Layers::All, length: Length::Unit, curvature };
		found.push((format!("{pair}, EK-FAC, unit length"), Box::new(ekfac)));
	}
	let damped = |damping| Some(Curvature { damping, ..Curvature::default() });
	for damping in [0.01, 1.0, 10.0] {
		let ekfac =
			Gradient { curvature: damped(damping), length: Length::Unit, ..Gradient::ekfac() };
		found.push((format!("EK-FAC, unit length, damping {damping}"), Box::new(ekfac)));
	}
	for dimension in [128, 256, 512, 1_024, 2_048] {
		for (name, rounding) in [("float", Rounding::None), ("int8", Rounding::Bytes)] {
			let sketch = Sketch { rounding, ..Sketch::new(Gradient::paid(), dimension) };
			found.push((format!("sketch of {dimension}, {name}"), Box::new(sketch)));
		}
	}
	found.push(("LoGra".into(), Box::new(LoGra::default())));
	found
}

/// What is paid by, in full and as sketches of several lengths.
pub fn projected() -> Vec<(String, Box<dyn Estimator>)> {
	let full: Box<dyn Estimator> = Box::new(Gradient::paid());
	let sketches = [512, 1_024, 2_048].map(|dimension| -> (String, Box<dyn Estimator>) {
		let sketch = Sketch::new(Gradient::paid(), dimension);
		(format!("sketch of {dimension}, int8"), Box::new(sketch))
	});
	std::iter::once(("not projected".to_string(), full)).chain(sketches).collect()
}
