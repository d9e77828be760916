mod audited;
mod challenge;
mod finality;
mod flow;
mod submit;
