//! The embedded world in a process of its own, reached over a link that can be cut and mended.

use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use tempfile::TempDir;

/// `pilothouse sim`, an operator's home folder, and the link between them.
pub struct World {
    process: Child,
    folder: TempDir,
    link: Arc<Link>,
}

/// What lies between the cockpit and the API server.
#[derive(Default)]
struct Link {
    cut: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl World {
    /// Starts it and waits for the line that says it serves.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let mut process = Command::new(env!("CARGO_BIN_EXE_pilothouse"))
            .args(["sim", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(&kubeconfig)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let direct = line.split("https://").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
        let link = Arc::new(Link::default());
        let through = lay(&link, direct.parse().unwrap());
        let text = std::fs::read_to_string(&kubeconfig).unwrap();
        assert!(text.contains(&direct), "the kubeconfig names the server");
        std::fs::write(&kubeconfig, text.replace(&direct, &through.to_string())).unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self { process, folder, link }
    }

    /// The operator's home folder: journals outlive a process there.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The kubeconfig that leads over the link.
    pub fn kubeconfig(&self) -> String {
        self.folder.path().join("kubeconfig").display().to_string()
    }

    /// Cuts every connection, and refuses new ones.
    pub fn cut(&self) {
        self.link.cut.store(true, Ordering::SeqCst);
        for end in self.link.open.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both); // it may have ended by itself
        }
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.link.cut.store(false, Ordering::SeqCst);
    }

    /// Writes the operator's `config.toml`.
    pub fn configure(&self, text: &str) {
        for folder in [".config/pilothouse", "Library/Application Support/pilothouse"] {
            let folder = self.home().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(Path::new(&folder).join("config.toml"), text).unwrap();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Asked to end, it takes its temporary folder along.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

/// Listens for connections to pass on to the server; gives the address.
fn lay(link: &Arc<Link>, server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let link = Arc::clone(link);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(server) else { continue };
            let mut open = link.open.lock().unwrap();
            if link.cut.load(Ordering::SeqCst) {
                continue;
            }
            open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
            drop(open);
            pass(client.try_clone().unwrap(), server.try_clone().unwrap());
            pass(server, client);
        }
    });
    address
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to); // a cut is what this is for
        let _ = to.shutdown(Shutdown::Both);
    });
}
