//! What is kept, what is not, and what a process that ends anywhere changes of it:
//! nothing.

mod flow;
mod memory;
mod mistakes;
mod policies;
mod pressure;
mod restart;
mod rig;
mod shares;
mod trial;
mod waiting;
