mod api;
mod commit;
mod conclude;
mod fairness;
mod money;
mod reveal;
mod sessions;
mod settlement;
