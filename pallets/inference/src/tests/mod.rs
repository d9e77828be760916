mod answer;
mod api;
mod expiry;
mod offchain;
mod operators;
mod requests;
mod settlement;
