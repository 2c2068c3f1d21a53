//! Serves an empty embedded world, to try clients on: `cargo run --example sim_probe -- PORT KUBECONFIG`.
use pilothouse::{
    sim::{World, serve},
    time::Clock,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, path] = arguments.as_slice() else { return Err("usage: sim_probe PORT KUBECONFIG".into()) };
    let world = World::empty(Clock::System, 7);
    let identity = serve::Identity::generate()?;
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    serve::write_kubeconfig(&world, &identity, listener.local_addr()?, path.as_ref())?;
    match serve::serve(&world, listener, &identity).await {}
}
