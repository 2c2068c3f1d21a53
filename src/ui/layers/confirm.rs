//! The name that is typed before an operation is taken up again in a protected context: the guard is asked anew, so the
//! operator is too.

use super::{Reply, Then};
use crate::{
    config::Meaning,
    model::{Control, OperationView},
    ui::{input, message::Effect, scene::Scene, session::Session},
};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{buffer::Buffer, layout::Rect};
use tui_input::Input;

/// A question that only the right name answers.
#[derive(Clone, Debug)]
pub struct Confirm {
    view: OperationView,
    order: Control,
    typed: Input,
    error: Option<String>,
}

impl Confirm {
    /// Asks for the target's name before this operation is taken up to do as ordered.
    pub fn take_up(view: OperationView, order: Control) -> Self {
        Self { view, order, typed: Input::default(), error: None }
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent, _: &Session) -> Reply {
        match key.code {
            KeyCode::Esc => Reply::Close(Then::Nothing),
            KeyCode::Enter => {
                let (typed, name) = (self.typed.value().trim(), &*self.view.target.name);
                if typed == name {
                    let (operation, typed) = (self.view.id.clone(), Some(typed.to_owned()));
                    let resume = Effect::Resume { operation, order: self.order, typed };
                    return Reply::Close(Then::Do(vec![resume]));
                }
                self.error = Some(match typed {
                    "" => format!("type {name} first: this context is protected"),
                    other => format!("`{other}` is not `{name}`"),
                });
                Reply::Stay
            }
            _ if input::press(&mut self.typed, key) => {
                self.error = None;
                Reply::Stay
            }
            _ => Reply::Unknown,
        }
    }

    /// Types pasted text.
    pub fn paste(&mut self, text: &str) {
        input::paste(&mut self.typed, text);
    }

    /// Draws it.
    pub fn draw(&self, scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) {
        let order = match self.order {
            Control::StepBack => "Step back",
            Control::Abort => "Abort",
            Control::Next | Control::Pause | Control::Leave => "Resume",
        };
        let inside = scene.sheet(buffer, area, (78, 6), order);
        let what = format!("{} {}  {}", self.view.verb, self.view.target.path(), self.view.summary);
        scene.pen(buffer, inside, 0).write(&what, Meaning::Text);
        let mut pen = scene.pen(buffer, inside, 1);
        pen.write(&format!("PROTECTED: type {} to confirm ", self.view.target.name), Meaning::Warning);
        let (x, y) = pen.position();
        if inside.height > 1 {
            let typing = Rect { x, y, width: inside.right().saturating_sub(x), height: 1 };
            input::draw(scene, buffer, typing, &self.typed);
        }
        if let Some(error) = &self.error {
            scene.pen(buffer, inside, 2).write("✗ ", Meaning::Broken).write(error, Meaning::Broken);
        }
        let keys = format!("enter {}   esc cancel", order.to_lowercase());
        scene.pen(buffer, inside, 3).at_right(keys.len()).write(&keys, Meaning::Muted);
    }
}
