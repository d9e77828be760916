mod audited;
mod challenge;
mod finality;
mod flow;
mod forgery;
mod migrations;
mod offchain;
mod submit;
