//! The ways to a remote, with the real programs of both sides: OpenSSH with an agent and an alias, HTTP with Git's own backend and
//! a credential helper; and servers that refuse.

use crate::{
    bump::{Remote, executable, kustomized, web},
    pilothouse::{Finished, Operator},
    world::{Behaviour, World},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::FutureExt;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

pub const ALL: &[(&str, Behaviour)] = &[
    ("transport::ssh_with_an_agent_and_an_alias", |w| ssh_with_an_agent_and_an_alias(w).boxed_local()),
    ("transport::http_with_a_credential_helper", |w| http_with_a_credential_helper(w).boxed_local()),
];

const FILE: &str = "environments/production/kustomization.yaml";

/// A process that ends with the story.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What a server's hook says is what the operator reads, and nothing was pushed.
fn is_refused(refused: &Finished, remote: &Remote, commits: usize) {
    let said = refused.assert(1).result()["message"].as_str().unwrap().to_owned();
    assert!(said.contains("main is protected: open a request"), "{said}");
    assert_eq!(remote.commits(), commits);
}

/// An SSH server for this user alone, and the ssh configuration that knows it as `fleet`.
struct Sshd {
    _server: Ends,
    _agent: Ends,
    socket: PathBuf,
    configuration: PathBuf,
}

impl Sshd {
    /// None where OpenSSH's server is not installed.
    fn start(folder: &Path) -> Option<Self> {
        let program =
            ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|p| Path::new(p).exists())?;
        let path = |name: &str| folder.join(name).display().to_string();
        for key in ["host", "key"] {
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]);
        }
        // It insists on an empty folder of its own where it is started as root.
        let user = run("id", &["-un"]);
        if user == "root" {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let said = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nPermitRootLogin prohibit-password\n",
            path("host"),
            path("key.pub")
        );
        std::fs::write(folder.join("sshd_config"), said).unwrap();
        let mut server = Command::new(program)
            .args(["-D", "-e", "-f", &path("sshd_config")])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(server.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("Server listening") {
            assert!(told.read_line(&mut said).unwrap() > 0, "sshd does not start: {said}");
        }
        // What it says later is read, or it would wait for a reader.
        std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        let socket = folder.join("agent");
        let mut agent = Command::new("ssh-agent")
            .args(["-D", "-a", &socket.display().to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says where it listens once it does.
        let mut told = BufReader::new(agent.stdout.take().unwrap());
        told.read_line(&mut String::new()).unwrap();
        std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        let added = Command::new("ssh-add").arg(folder.join("key")).env("SSH_AUTH_SOCK", &socket).output().unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        std::fs::remove_file(folder.join("key")).unwrap();
        let host = run("cat", &[&path("host.pub")]);
        std::fs::write(folder.join("known"), format!("[127.0.0.1]:{port} {host}\n")).unwrap();
        let configuration = folder.join("config");
        let said = format!(
            "Host fleet\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  UserKnownHostsFile {}\n  IdentityFile none\n",
            path("known")
        );
        std::fs::write(&configuration, said).unwrap();
        Some(Self { _server: Ends(server), _agent: Ends(agent), socket, configuration })
    }
}

async fn ssh_with_an_agent_and_an_alias(w: World) {
    let folder = tempfile::tempdir().unwrap();
    let Some(sshd) = Sshd::start(folder.path()) else {
        eprintln!("not told: there is no sshd here (Debian: openssh-server)");
        return;
    };
    web(&w).await;
    let remote = kustomized(&w);
    let operator = Operator::new(&w);
    // OpenSSH reads its user's own configuration, wherever HOME is.
    let said = std::fs::read_to_string(operator.home().join(".gitconfig")).unwrap();
    let ssh = format!("{said}[core]\n\tsshCommand = ssh -F {}\n", sshd.configuration.display());
    std::fs::write(operator.home().join(".gitconfig"), ssh).unwrap();
    let url = format!("fleet:{}", remote.bare().display());
    let bump = async |tag: &str, agent: bool| {
        let mut command = operator.command(&["bump", "deploy/web", tag, "--repo", &url, "--yes", "-o", "json"]);
        command.env_remove("SSH_AUTH_SOCK").env_remove("GIT_SSH_COMMAND").env_remove("GIT_SSH");
        if agent {
            command.env("SSH_AUTH_SOCK", &sshd.socket);
        }
        finished(command).await
    };
    bump("2.0", true).await.assert(0);
    assert!(remote.show(FILE).contains("newTag:   '2.0'"));
    remote.hook("pre-receive", "echo 'main is protected: open a request' >&2; exit 1");
    is_refused(&bump("3.0", true).await, &remote, 2);
    let locked_out = bump("3.0", false).await;
    assert_ne!(locked_out.code, 0);
    let said = format!("{}{}", locked_out.out, locked_out.err);
    assert!(said.contains("Permission denied (publickey"), "{said}");
}

async fn finished(mut command: Command) -> Finished {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Git's HTTP backend behind basic authentication. Returns its URL.
fn http(folder: PathBuf, user: &str, password: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (folder, expected) = (folder.clone(), expected.clone());
            std::thread::spawn(move || serve(stream.unwrap(), &folder, &expected));
        }
    });
    url
}

/// Answers one request.
fn serve(stream: TcpStream, folder: &Path, expected: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let line = |reader: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let request = line(&mut reader);
    let mut headers = std::collections::HashMap::new();
    loop {
        let header = line(&mut reader);
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let header = |name: &str| headers.get(name).map_or("", String::as_str);
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let mut stream = stream;
    if header("authorization") != expected {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"fleet\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(refusal.as_bytes()).unwrap();
        return;
    }
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "ana")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    backend.stdin.take().unwrap().write_all(&body).unwrap();
    let answer = backend.wait_with_output().unwrap().stdout;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let length = answer.len() - end - 4;
    write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").unwrap();
    stream.write_all(&answer[end + 4..]).unwrap();
}

async fn http_with_a_credential_helper(w: World) {
    web(&w).await;
    let remote = kustomized(&w);
    let operator = Operator::new(&w);
    let url = http(remote.bare().parent().unwrap().to_owned(), "ana", "s3cret-word");
    let url = format!("{url}/remote.git");
    let bump = async |tag| operator.run(&["bump", "deploy/web", tag, "--repo", &url, "--yes", "-o", "json"]).await;
    let unknown = bump("2.0").await;
    assert_ne!(unknown.code, 0, "nobody is asked for a password behind the screen");
    let said = format!("{}{}", unknown.out, unknown.err);
    assert!(said.contains("127.0.0.1") && said.contains("could not read Username"), "{said}");
    // The operator's helper: notes what it is asked, and knows the password.
    let (helper, log) = (operator.home().join("bin/helper"), operator.home().join("log"));
    let script = format!(
        "echo \"$1\" >> '{}'; cat >&-; [ \"$1\" = get ] && printf 'username=ana\\npassword=s3cret-word\\n'; exit 0",
        log.display()
    );
    executable(&helper, &script);
    let said = std::fs::read_to_string(operator.home().join(".gitconfig")).unwrap();
    let said = format!("{said}[credential]\n\thelper = {}\n", helper.display());
    std::fs::write(operator.home().join(".gitconfig"), said).unwrap();
    let done = bump("2.0").await;
    done.assert(0);
    assert!(remote.show(FILE).contains("newTag:   '2.0'"));
    assert!(!done.out.contains("s3cret-word") && !done.err.contains("s3cret-word"), "{}", done.out);
    let asked = std::fs::read_to_string(&log).unwrap();
    assert!(asked.lines().any(|line| line == "get"), "{asked}");
    assert!(asked.lines().any(|line| line == "store"), "it is told that the password was right: {asked}");
    remote.hook("pre-receive", "echo 'main is protected: open a request' >&2; exit 1");
    is_refused(&bump("3.0").await, &remote, 2);
    let wrong = script.replace("s3cret-word", "n0t-this-one");
    executable(&helper, &wrong);
    let refused = bump("3.0").await;
    assert_ne!(refused.code, 0);
    let said = format!("{}{}", refused.out, refused.err);
    assert!(said.contains("Authentication failed"), "{said}");
    assert!(!said.contains("n0t-this-one"), "{said}");
}
