//! Serves an embedded world, to try clients on: `cargo run --example sim_probe -- PORT KUBECONFIG`.
use pilothouse::{
    sim::{World, controllers, resource::resources, serve},
    time::Clock,
};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, path] = arguments.as_slice() else { return Err("usage: sim_probe PORT KUBECONFIG".into()) };
    let world = World::empty(Clock::System, 7);
    for i in 0..3 {
        let status = json!({ "allocatable": { "cpu": "8", "memory": "32Gi", "pods": "110" }, "capacity": { "cpu": "8", "memory": "32Gi", "pods": "110" },
            "conditions": [{ "type": "Ready", "status": "True" }] });
        world
            .store
            .create(&resources::NODES, json!({ "metadata": { "name": format!("node-{i}") }, "status": status }))?;
    }
    let _running = controllers::spawn(&world.store, 7);
    let identity = serve::Identity::generate()?;
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    serve::write_kubeconfig(&world, &identity, listener.local_addr()?, path.as_ref())?;
    match serve::serve(&world, listener, &identity).await {}
}
