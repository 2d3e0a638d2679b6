//! Trees to plans: names are looked up, arguments put in order, constants
//! folded.

use crate::ast::{Argument, Call as Written, Node, NodeKind, Path};
use crate::context::Context;
use crate::evaluate;
use crate::functions::{self, Made, Parameter, Signature};
use crate::mistake::{Wrong, did_you_mean};
use crate::paths::{self, Field};
use crate::value::Value;

use super::{Expression, ExpressionKind, Test, TestKind, joined};

/// What names mean in a context.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) context: Context,
}

impl Names {
    pub(crate) fn test(self, node: &Node) -> Result<Test, Wrong> {
        let tests = |nodes: &[Node]| {
            nodes
                .iter()
                .map(|node| self.test(node))
                .collect::<Result<Vec<Test>, Wrong>>()
        };
        let at_of = |tests: &[Test]| joined(tests.iter().map(|test| test.at));
        let (kind, at) = match &node.kind {
            NodeKind::Not(of) => {
                let of = self.test(of)?;
                if let TestKind::Constant(value) = of.kind {
                    (TestKind::Constant(!value), None)
                } else {
                    let at = of.at;
                    (TestKind::Not(Box::new(of)), at)
                }
            }
            NodeKind::And(parts) => {
                let parts = tests(parts)?;
                let at = at_of(&parts);
                (TestKind::And(parts), at)
            }
            NodeKind::Or(parts) => {
                let parts = tests(parts)?;
                let at = at_of(&parts);
                (TestKind::Or(parts), at)
            }
            NodeKind::Compare(op, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                match (left.as_constant(), right.as_constant()) {
                    (Some(a), Some(b)) => (TestKind::Constant(a.compares(*op, b)), None),
                    _ => {
                        let at = joined([left.at, right.at]);
                        (TestKind::Compare(*op, left, right), at)
                    }
                }
            }
            _ => {
                let value = self.value(node)?;
                match value.as_constant() {
                    Some(Value::Bool(value)) => (TestKind::Constant(*value), None),
                    Some(other) => {
                        let message =
                            format!("expected true or false, found {}", other.type_name());
                        return Err(Wrong::new(node.at.clone(), message));
                    }
                    None => {
                        let at = value.at;
                        (TestKind::Is(value), at)
                    }
                }
            }
        };
        Ok(Test { kind, at })
    }

    pub(crate) fn value(self, node: &Node) -> Result<Expression, Wrong> {
        let at_node = |message: String| Wrong::new(node.at.clone(), message);
        let constant = |value| Ok(Expression::constant(value));
        let expression = match &node.kind {
            NodeKind::Nil => return constant(Value::Nil),
            NodeKind::Bool(value) => return constant(Value::Bool(*value)),
            NodeKind::Int(value) => return constant(Value::Int(*value)),
            NodeKind::Double(value) => return constant(Value::Double(*value)),
            NodeKind::Text(text) => return constant(Value::text(text.as_str())),
            NodeKind::Bytes(bytes) => return constant(Value::Bytes(bytes.clone().into())),
            NodeKind::Name(name) => {
                if functions::find(name).is_some() {
                    return Err(at_node(format!(
                        "`{name}` is a function, write `{name}(...)`"
                    )));
                }
                return constant(Value::Int(paths::enum_value(name).map_err(at_node)?));
            }
            NodeKind::Path(path) => return self.path(path, node),
            NodeKind::Call(call) => return self.call(call),
            NodeKind::List(values) => {
                let values: Vec<Expression> = self.values(values)?;
                let at = joined(values.iter().map(|value| value.at));
                Expression {
                    kind: ExpressionKind::List(values),
                    at,
                }
            }
            NodeKind::Map(pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.value(value)?)));
                let pairs: Vec<(String, Expression)> = pairs.collect::<Result<_, Wrong>>()?;
                let at = joined(pairs.iter().map(|(_, value)| value.at));
                Expression {
                    kind: ExpressionKind::Map(pairs),
                    at,
                }
            }
            NodeKind::Math(first, rest) => {
                let first = self.value(first)?;
                let rest = rest.iter().map(|(op, value)| Ok((*op, self.value(value)?)));
                let rest: Vec<_> = rest.collect::<Result<_, Wrong>>()?;
                let others = rest.iter().map(|(_, value)| value.at);
                let at = joined(others.chain([first.at]));
                Expression {
                    kind: ExpressionKind::Math(Box::new(first), rest),
                    at,
                }
            }
            NodeKind::Negated(of) => {
                let of = self.value(of)?;
                let at = of.at;
                Expression {
                    kind: ExpressionKind::Negated(Box::new(of)),
                    at,
                }
            }
            NodeKind::Not(_) | NodeKind::And(_) | NodeKind::Or(_) | NodeKind::Compare(..) => {
                return Err(at_node("expected a value, found a condition".to_owned()));
            }
        };
        folded(expression, node)
    }

    fn values(self, nodes: &[Node]) -> Result<Vec<Expression>, Wrong> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    fn path(self, path: &Path, node: &Node) -> Result<Expression, Wrong> {
        let resolved = paths::resolve(path, self.context)
            .map_err(|message| Wrong::new(node.at.clone(), message))?;
        let (field, at) = (resolved.field, Some(resolved.context));
        if matches!(field, Field::Events | Field::Links) {
            let message = format!("`{path}` is only served as `Len({path})`");
            return Err(Wrong::new(node.at.clone(), message));
        }
        let (of, rest) = match (field, resolved.keys) {
            (
                Field::Attributes(context),
                [
                    Node {
                        kind: NodeKind::Text(key),
                        ..
                    },
                    rest @ ..,
                ],
            ) => (
                ExpressionKind::Attribute(context, key.as_str().into()),
                rest,
            ),
            (_, keys) => (ExpressionKind::Field(field), keys),
        };
        let of = Expression { kind: of, at };
        if let (Field::TraceState, [key, more @ ..]) = (field, rest) {
            if let Some(more) = more.first() {
                let message = "an entry of a trace state has no keys";
                return Err(Wrong::new(more.at.clone(), message));
            }
            let key = self.value(key)?;
            let at = joined([of.at, key.at]);
            let entry = Box::new(functions::trace_state_entry);
            let kind = ExpressionKind::Call(entry, vec![of, key]);
            return Ok(Expression { kind, at });
        }
        self.indexed(of, rest, true)
    }

    fn indexed(self, of: Expression, keys: &[Node], may_lack: bool) -> Result<Expression, Wrong> {
        if keys.is_empty() {
            return Ok(of);
        }
        for key in keys {
            let is_wrong = match &key.kind {
                NodeKind::Int(number) => *number < 0,
                NodeKind::Text(_) | NodeKind::Path(_) | NodeKind::Call(_) | NodeKind::Math(..) => {
                    false
                }
                _ => true,
            };
            if is_wrong {
                let message = "a key is a text, a number from 0 on, a path or a converter";
                return Err(Wrong::new(key.at.clone(), message));
            }
        }
        let keys = self.values(keys)?;
        let at = joined(keys.iter().map(|key| key.at).chain([of.at]));
        Ok(Expression {
            kind: ExpressionKind::Index {
                of: Box::new(of),
                keys,
                may_lack,
            },
            at,
        })
    }

    fn call(self, call: &Written) -> Result<Expression, Wrong> {
        let signature = signature_of(&call.name, call)?;
        let arranged = arrange(call, signature.parameters)?;
        if let (functions::Nature::Length, Some(argument)) =
            (signature.nature, arranged.first().copied().flatten())
            && let NodeKind::Path(path) = &argument.kind
            && let Ok(resolved) = paths::resolve(path, self.context)
            && matches!(resolved.field, Field::Events | Field::Links)
        {
            return Ok(Expression {
                kind: ExpressionKind::Field(resolved.field),
                at: Some(resolved.context),
            });
        }
        let mut arguments = Vec::new();
        let mut spread = Vec::new();
        for (parameter, node) in signature.parameters.iter().zip(&arranged) {
            match node {
                None => arguments.push(Expression::constant(Value::Nil)),
                Some(node) if parameter.is_spread => {
                    let NodeKind::List(values) = &node.kind else {
                        let message = format!("`{}` is a list such as `[a, b]`", parameter.name);
                        return Err(Wrong::new(node.at.clone(), message));
                    };
                    spread = self.values(values)?;
                }
                Some(node) => arguments.push(self.value(node)?),
            }
        }
        arguments.append(&mut spread);
        let constants: Vec<_> = arguments.iter().map(Expression::as_constant).collect();
        let made = (signature.make)(&constants).map_err(|(index, message)| {
            let node = arranged.get(index).copied().flatten();
            Wrong::new(
                node.map_or(call.at.clone(), |node| node.at.clone()),
                message,
            )
        })?;
        let (kind, own_at) = match made {
            Made::Call(function) => (ExpressionKind::Call(function, arguments), None),
            Made::OfEachRow(function) => (
                ExpressionKind::Call(function, arguments),
                Some(self.context),
            ),
            Made::Now => (ExpressionKind::Now, None),
            Made::IsRoot => {
                if !self.context.sees(Context::Span) {
                    let message = format!("{} needs a span, use the context span", call.name);
                    return Err(Wrong::new(call.at.clone(), message));
                }
                (ExpressionKind::Field(Field::IsRoot), Some(Context::Span))
            }
        };
        let at = match &kind {
            ExpressionKind::Call(_, arguments) => {
                joined(arguments.iter().map(|value| value.at).chain([own_at]))
            }
            _ => own_at,
        };
        let whole = Node {
            at: call.at.clone(),
            kind: NodeKind::Nil,
        };
        let result = folded(Expression { kind, at }, &whole)?;
        self.indexed(result, &call.keys, false)
            .and_then(|value| folded(value, &whole))
    }
}

/// Calculates what is the same for all rows, but for the time of day.
fn folded(expression: Expression, node: &Node) -> Result<Expression, Wrong> {
    if !is_constant(&expression) {
        return Ok(expression);
    }
    let value = evaluate::constant(&expression);
    let value = value.map_err(|fault| Wrong::new(node.at.clone(), fault))?;
    Ok(Expression::constant(value))
}

fn is_constant(expression: &Expression) -> bool {
    let all = |values: &[Expression]| values.iter().all(is_constant);
    expression.at.is_none()
        && match &expression.kind {
            ExpressionKind::Constant(_) => true,
            ExpressionKind::Field(_) | ExpressionKind::Attribute(..) | ExpressionKind::Now => false,
            ExpressionKind::Index { of, keys, .. } => is_constant(of) && all(keys),
            ExpressionKind::Math(first, rest) => {
                is_constant(first) && rest.iter().all(|(_, value)| is_constant(value))
            }
            ExpressionKind::Negated(of) => is_constant(of),
            ExpressionKind::List(values) | ExpressionKind::Call(_, values) => all(values),
            ExpressionKind::Map(pairs) => pairs.iter().all(|(_, value)| is_constant(value)),
        }
}

/// The function of a name, or why there is none.
pub(crate) fn signature_of(name: &str, call: &Written) -> Result<&'static Signature, Wrong> {
    functions::find(name).ok_or_else(|| {
        let message = if functions::NOT_SERVED.contains(&name) {
            format!("`{name}` is a function of the Collector that is not served here")
        } else {
            let names = functions::all().map(|signature| signature.name);
            format!("there is no function `{name}`{}", did_you_mean(name, names))
        };
        Wrong::new(call.at.clone(), message)
    })
}

/// Arguments in the order of the parameters.
pub(crate) fn arrange<'n>(
    call: &'n Written,
    parameters: &[Parameter],
) -> Result<Vec<Option<&'n Node>>, Wrong> {
    let mut arranged: Vec<Option<&Node>> = vec![None; parameters.len()];
    for (index, Argument { name, value }) in call.arguments.iter().enumerate() {
        let index = match name {
            None => index,
            Some(name) => {
                let is_it = |parameter: &Parameter| plain(parameter.name) == plain(name);
                parameters.iter().position(is_it).ok_or_else(|| {
                    let names = parameters.iter().map(|parameter| parameter.name);
                    let hint = did_you_mean(name, names);
                    let message = format!("`{}` has no argument `{name}`{hint}", call.name);
                    Wrong::new(value.at.clone(), message)
                })?
            }
        };
        let Some(place) = arranged.get_mut(index) else {
            let message = format!("`{}` takes {}", call.name, counted(parameters));
            return Err(Wrong::new(value.at.clone(), message));
        };
        if place.is_some() {
            let message = format!("`{}` is given twice", parameters[index].name);
            return Err(Wrong::new(value.at.clone(), message));
        }
        *place = Some(value);
    }
    let missing = parameters
        .iter()
        .zip(&arranged)
        .find(|(parameter, given)| !parameter.is_optional && given.is_none());
    match missing {
        Some((parameter, _)) => {
            let message = format!(
                "`{}` lacks its argument `{}`: it takes {}",
                call.name,
                parameter.name,
                counted(parameters)
            );
            Err(Wrong::new(call.at.clone(), message))
        }
        None => Ok(arranged),
    }
}

fn counted(parameters: &[Parameter]) -> String {
    let names = parameters
        .iter()
        .map(|parameter| match parameter.is_optional {
            true => format!("[{}]", parameter.name),
            false => parameter.name.to_owned(),
        });
    let names: Vec<String> = names.collect();
    match names.is_empty() {
        true => "no arguments".to_owned(),
        false => format!("({})", names.join(", ")),
    }
}

/// `header_delimiter` and `headerDelimiter` are the same.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}
