//! Queries for the runtime API. Pages hold at most [`MAX_PAGE`] entries.

use crate::{Activities, Bases, Config, Models, NextBase, NextModel, Pallet, Standing, Trainings};
use alloc::{string::String, vec::Vec};
use openledger_primitives_api::{BaseInfo, MAX_PAGE, ModelInfo, StandingInfo};
use openledger_primitives_core::{BaseId, ModelId, model::Retrieval};

impl<T: Config> Pallet<T> {
	/// Bases from `start` on, in ascending order.
	pub fn bases(start: BaseId, limit: u32) -> Vec<BaseInfo<T::AccountId>> {
		(start..NextBase::<T>::get())
			.filter_map(Self::base)
			.take(limit.min(MAX_PAGE) as usize)
			.collect()
	}

	/// One base.
	pub fn base(id: BaseId) -> Option<BaseInfo<T::AccountId>> {
		let base = Bases::<T>::get(id)?;
		Some(BaseInfo {
			id,
			owner: base.owner,
			name: text(&base.name),
			architecture: text(&base.architecture),
			weights: base.weights,
			tokenizer: base.tokenizer,
			royalty_ppm: base.royalty.deconstruct(),
		})
	}

	/// Model versions from `start` on, in ascending order.
	pub fn models(start: ModelId, limit: u32) -> Vec<ModelInfo<T::AccountId>> {
		(start..NextModel::<T>::get())
			.filter_map(Self::model)
			.take(limit.min(MAX_PAGE) as usize)
			.collect()
	}

	/// One model version.
	pub fn model(id: ModelId) -> Option<ModelInfo<T::AccountId>> {
		let model = Models::<T>::get(id)?;
		let activity = Activities::<T>::get(id)?;
		Some(ModelInfo {
			id,
			owner: model.owner,
			name: text(&model.name),
			spec: model.spec,
			status: model.status,
			price: model.price,
			projection: model.projection,
			index: model.index,
			answers: activity.answers,
			fees: activity.fees,
			to_contributors: activity.to_contributors,
		})
	}

	/// What finds records for a version's prompts.
	pub fn retrieval(id: ModelId) -> Option<Retrieval> {
		Models::<T>::get(id)?.retrieval
	}

	/// What stands behind indexes of model versions from `start` on, in ascending order.
	pub fn standings(start: ModelId, limit: u32) -> Vec<StandingInfo> {
		(start..NextModel::<T>::get())
			.filter_map(Self::standing)
			.take(limit.min(MAX_PAGE) as usize)
			.collect()
	}

	/// What stands behind the index of one.
	pub fn standing(model: ModelId) -> Option<StandingInfo> {
		let Standing { assurance, asked } = Self::assurance(model)?;
		Some(StandingInfo { model, assurance, asked, training: Trainings::<T>::get(model) })
	}
}

fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}
