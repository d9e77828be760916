use super::*;
use crate::{
	Base,
	kernels::Team,
	testing::{self, Encoding, reference::Reference},
};

#[test]
fn logits_are_those_of_the_definition_in_double_precision_for_every_kind_of_base() {
	let tiny = [("llama", testing::tiny_config())];
	for (kind, config) in tiny.into_iter().chain(testing::tiny_kinds()) {
		let folder = tempfile::tempdir().unwrap();
		let path = testing::write_gguf(folder.path(), &config, 2, Encoding::F32);
		let base = Base::load(&path).unwrap();
		let tokens: Vec<u32> = (0..40).map(|i| (i * 53 + 7) % 250).collect();
		let team = Team::alone();
		let mut single = Single::new(&base, &team, &[]);
		let mut found = Vec::new();
		let states = single.extend(&tokens, &mut ()).unwrap();
		logits(&base, &team, states, &mut found).unwrap();
		let expected = Reference::new(config, 2).logits(&tokens).concat();
		let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
		let error = square(&mut found.iter().zip(&expected).map(|(a, b)| f64::from(*a) - b));
		let size = square(&mut expected.iter().copied());
		// Keys and values are kept in half precision.
		let relative = (error / size).sqrt();
		assert!(relative < 1e-3, "{kind}: {relative}");
	}
}
