mod answer;
mod api;
mod expiry;
mod migrations;
mod offchain;
mod operators;
mod requests;
mod settlement;
