//! A pseudo-terminal with the real binary in it, and the screen it shows.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{Read, Write},
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a screen may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program in its terminal.
pub struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    changed: Receiver<()>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// Every byte that was written to it.
    written: Arc<Mutex<Vec<u8>>>,
    /// Goes with it, where it is its own.
    home: Option<TempDir>,
}

impl Terminal {
    /// Starts `pilothouse` with these arguments on a screen of this size, with a home folder of its own.
    pub fn start(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = Self::at_home(home.path(), (columns, rows), arguments);
        terminal.home = Some(home);
        terminal
    }

    /// The same in this home folder.
    pub fn at_home(home: &Path, (columns, rows): (u16, u16), arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_pilothouse"));
        command.args(arguments);
        Self::run(command, home, (columns, rows), &[])
    }

    /// Runs a command in this home folder, with these variables beside those that every terminal has.
    pub fn run(
        mut command: CommandBuilder,
        home: &Path,
        (columns, rows): (u16, u16),
        variables: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        for variable in ["CONFIG", "DATA", "CACHE", "STATE"] {
            command.env_remove(format!("XDG_{variable}_HOME"));
        }
        for variable in ["NO_COLOR", "COLORTERM", "LC_ALL", "LC_CTYPE", "LANG", "TMUX", "STY", "KUBECONFIG"] {
            command.env_remove(variable);
        }
        for (variable, value) in variables {
            command.env(variable, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let (changed, receiver) = channel();
        let mut output = pair.master.try_clone_reader().unwrap();
        let parser = Arc::clone(&screen);
        let written = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1024];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                record.lock().unwrap().extend_from_slice(&buffer[..n]);
                parser.lock().unwrap().process(&buffer[..n]);
                let _ = changed.send(());
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { screen, changed: receiver, keys, master: pair.master, child, written, home: None }
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.process_id().and_then(|id| Pid::from_raw(id.try_into().unwrap())).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Types.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        self
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Every byte that was written to it so far.
    pub fn written(&self) -> Vec<u8> {
        self.written.lock().unwrap().clone()
    }

    /// Whether the terminal is as a shell wants it: the ordinary screen, the cursor in sight, mouse and paste its own.
    pub fn is_given_back(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        !(screen.alternate_screen() || screen.hide_cursor() || mouse || screen.bracketed_paste())
    }

    /// Waits until the screen is as asked.
    pub fn until(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if fits(&text) {
                return self;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.changed.recv_timeout(left) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => panic!("the screen never showed {what}:\n{text}"),
                Err(RecvTimeoutError::Disconnected) if fits(&self.text()) => return self,
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before the screen showed {what}:\n{}", self.text())
                }
            }
        }
    }

    /// Waits until the screen shows this text.
    pub fn shows(&mut self, text: &str) -> &mut Self {
        self.until(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        // vt100 itself fails where a wide sign finds a single column, and where a line wraps in a single row.
        self.screen.lock().unwrap().screen_mut().set_size(rows.max(2), columns.max(2));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self
    }

    /// Waits for the program's end; its exit code.
    pub fn end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        // The screen is closed at the end, and changes no more.
        while let Ok(()) | Err(RecvTimeoutError::Timeout) =
            self.changed.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            assert!(Instant::now() < deadline, "it never ended:\n{}", self.text());
        }
        self.child.wait().unwrap().exit_code()
    }

    /// The screen as an SVG picture.
    pub fn svg(&self) -> String {
        crate::svg::picture(self.screen.lock().unwrap().screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Asked to end, it takes its temporary folder along; killed if it does not.
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::TERM);
            let _ = self.child.kill();
        }
    }
}
