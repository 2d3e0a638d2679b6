//! Texts to statements and conditions.

use std::sync::Arc;

use tracewell_model::clock::{Clock, SystemClock};

use crate::ast::{Call, Node, NodeKind, Parsed};
use crate::context::Context;
use crate::editors::{self, SET};
use crate::functions::needs;
use crate::mistake::{Mistake, Wrong, did_you_mean};
use crate::parser;
use crate::paths;
use crate::plan::{Expression, ExpressionKind, Names, arrange, joined};
use crate::statement::{Condition, Edit, Statement};
use crate::target::Target;
use crate::value::Value;

/// Compiles statements and conditions.
#[derive(Debug, Clone)]
pub struct Compiler {
    clock: Arc<dyn Clock>,
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl Compiler {
    /// With the clock that `Now()` asks, once for each batch.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// A statement for the rows of a context.
    ///
    /// # Errors
    /// Whatever is wrong with the text.
    pub fn statement(&self, text: &str, context: Context) -> Result<Statement, Mistake> {
        let statement = || {
            let parsed = parser::statement(text)?;
            let names = Names { context };
            let condition = parsed.condition.as_ref().map(|node| names.test(node));
            let (target, edit) = edit(&parsed.editor, names)?;
            Ok(Statement {
                text: text.to_owned(),
                context,
                condition: condition.transpose()?,
                target,
                edit,
                clock: self.clock.clone(),
            })
        };
        statement().map_err(|wrong: Wrong| wrong.within(text))
    }

    /// A condition for the rows of a context.
    ///
    /// # Errors
    /// Whatever is wrong with the text.
    pub fn condition(&self, text: &str, context: Context) -> Result<Condition, Mistake> {
        let test = parser::condition(text).and_then(|node| Names { context }.test(&node));
        Ok(Condition {
            text: text.to_owned(),
            context,
            test: test.map_err(|wrong| wrong.within(text))?,
            clock: self.clock.clone(),
        })
    }
}

/// A statement as a tree, unchecked but for its grammar.
///
/// # Errors
/// What is not the grammar.
pub fn parse_statement(text: &str) -> Result<Parsed, Mistake> {
    parser::statement(text).map_err(|wrong| wrong.within(text))
}

/// A condition as a tree, unchecked but for its grammar.
///
/// # Errors
/// What is not the grammar.
pub fn parse_condition(text: &str) -> Result<Node, Mistake> {
    parser::condition(text).map_err(|wrong| wrong.within(text))
}

/// The context in which statements and conditions see all that they name: the
/// lowest of those that stand in front of their paths.
///
/// # Errors
/// What is not the grammar, a path without a context in front, or no path at all.
pub fn infer_context(statements: &[&str], conditions: &[&str]) -> Result<Context, Mistake> {
    let mut lowest = None;
    for text in statements {
        let parsed = parse_statement(text)?;
        let of_editor = parsed
            .editor
            .arguments
            .iter()
            .map(|argument| &argument.value);
        let nodes = of_editor.chain(&parsed.condition);
        lowest = joined([lowest, contexts(nodes).map_err(|wrong| wrong.within(text))?]);
    }
    for text in conditions {
        let node = parse_condition(text)?;
        lowest = joined([
            lowest,
            contexts([&node]).map_err(|wrong| wrong.within(text))?,
        ]);
    }
    lowest.ok_or_else(|| {
        let text = statements
            .iter()
            .chain(conditions)
            .next()
            .copied()
            .unwrap_or_default();
        let message =
            "no path names a context, such as `span.name`, so it is not known for what this is";
        Wrong::new(0..text.len(), message).within(text)
    })
}

/// The context that nodes need.
fn contexts<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> Result<Option<Context>, Wrong> {
    let parts = nodes.into_iter().map(context_of);
    let parts: Vec<Option<Context>> = parts.collect::<Result<_, _>>()?;
    Ok(joined(parts))
}

fn context_of(node: &Node) -> Result<Option<Context>, Wrong> {
    match &node.kind {
        NodeKind::Path(path) => {
            let named = paths::prefix(path).ok_or_else(|| {
                let message = format!(
                    "`{path}` names no context in front, such as `span.{path}` or `resource.{path}`"
                );
                Wrong::new(node.at.clone(), message)
            })?;
            let keys = path.parts.iter().flat_map(|part| &part.keys);
            Ok(joined([Some(named), contexts(keys)?]))
        }
        NodeKind::Call(Call {
            name,
            arguments,
            keys,
            ..
        }) => {
            let of_root = (name == "IsRootSpan").then_some(Context::Span);
            let nodes = arguments.iter().map(|argument| &argument.value).chain(keys);
            Ok(joined([of_root, contexts(nodes)?]))
        }
        NodeKind::List(nodes) | NodeKind::And(nodes) | NodeKind::Or(nodes) => contexts(nodes),
        NodeKind::Map(pairs) => contexts(pairs.iter().map(|(_, value)| value)),
        NodeKind::Math(first, rest) => {
            contexts(rest.iter().map(|(_, value)| value).chain([&**first]))
        }
        NodeKind::Negated(of) | NodeKind::Not(of) => context_of(of),
        NodeKind::Compare(_, left, right) => contexts([&**left, &**right]),
        _ => Ok(None),
    }
}

/// What an editor does to its target.
fn edit(call: &Call, names: Names) -> Result<(Target, Edit), Wrong> {
    if call.name == SET {
        let arranged = arrange(call, &[needs("target"), needs("value")])?;
        let [Some(target), Some(value)] = arranged[..] else {
            return Err(Wrong::new(call.at.clone(), "`set` takes (target, value)"));
        };
        let target = Target::new(target, names.context)?;
        return Ok((target, Edit::Set(names.value(value)?)));
    }
    let Some(editor) = editors::all().find(|editor| editor.name == call.name) else {
        return Err(no_editor(call));
    };
    let arranged = arrange(call, editor.parameters)?;
    let (target_node, rest) = match arranged.split_first() {
        Some((Some(target), rest)) => (*target, rest),
        _ => return Err(Wrong::new(call.at.clone(), "an editor has a target")),
    };
    let target = Target::new(target_node, names.context)?;
    if editor.of_map && target.steps.is_empty() && !is_map(&target) {
        let message = format!("`{}` needs a map, such as `attributes`", call.name);
        return Err(Wrong::new(target_node.at.clone(), message));
    }
    let mut arguments = Vec::new();
    for (parameter, node) in editor.parameters[1..].iter().zip(rest) {
        arguments.push(match node {
            None => Expression::constant(Value::Nil),
            Some(Node {
                kind: NodeKind::Name(name),
                ..
            }) if parameter.name == "function" => Expression::constant(Value::text(name.as_str())),
            Some(node) => names.value(node)?,
        });
    }
    let constants: Vec<_> = arguments.iter().map(Expression::as_constant).collect();
    let made = (editor.make)(&constants).map_err(|(index, message)| {
        let node = rest.get(index).copied().flatten();
        Wrong::new(
            node.map_or(call.at.clone(), |node| node.at.clone()),
            message,
        )
    })?;
    if let Some(quick) = made.quick.filter(|_| target.is_all_attributes()) {
        return Ok((target, Edit::Quick(quick)));
    }
    arguments.insert(0, names.value(target_node)?);
    let at = joined(arguments.iter().map(|argument| argument.at));
    let kind = ExpressionKind::Call(made.call, arguments);
    Ok((target, Edit::Set(Expression { kind, at })))
}

fn is_map(target: &Target) -> bool {
    matches!(
        target.field,
        paths::Field::Attributes(_) | paths::Field::Cache
    )
}

fn no_editor(call: &Call) -> Wrong {
    let message = if editors::NOT_SERVED.contains(&call.name.as_str()) {
        format!(
            "`{}` is an editor of the Collector that is not served here",
            call.name
        )
    } else {
        let names = editors::all().map(|editor| editor.name).chain([SET]);
        format!(
            "there is no editor `{}`{}",
            call.name,
            did_you_mean(&call.name, names)
        )
    };
    Wrong::new(call.at.clone(), message)
}
