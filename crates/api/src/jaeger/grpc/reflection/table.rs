//! From short tables to protobuf descriptors.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MessageOptions, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};

/// A proto file.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
    pub(super) imports: &'static [&'static str],
    pub(super) messages: &'static [Message],
    pub(super) enums: &'static [Enum],
    pub(super) services: &'static [Service],
}

/// A message with the messages and enums inside it.
pub(super) struct Message {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    pub(super) messages: &'static [Message],
    pub(super) enums: &'static [Enum],
}

/// Number, name, type. The type is a scalar's name, a full name with a leading
/// point (of a message, or after `enum` of an enum), or `map` for text to
/// text; `repeated` may stand before it, or `oneof` for members of the
/// message's only oneof, `value`.
pub(super) type Field = (i32, &'static str, &'static str);

/// A name and the names of the values 0, 1, 2...
pub(super) type Enum = (&'static str, &'static [&'static str]);

/// A name and its methods.
pub(super) type Service = (&'static str, &'static [Method]);

/// Name, type of the request, type of the answer (after `stream` if many).
pub(super) type Method = (&'static str, &'static str, &'static str);

/// A message without messages or enums inside.
pub(super) const fn message(name: &'static str, fields: &'static [Field]) -> Message {
    Message {
        name,
        fields,
        messages: &[],
        enums: &[],
    }
}

impl File {
    /// What protoc would have made of it.
    pub(super) fn descriptor(&self) -> FileDescriptorProto {
        let in_package = format!(".{}", self.package);
        let message = |message: &Message| message.descriptor(&in_package);
        FileDescriptorProto {
            name: Some(self.name.to_owned()),
            package: Some(self.package.to_owned()),
            dependency: self.imports.iter().map(|name| (*name).to_owned()).collect(),
            message_type: self.messages.iter().map(message).collect(),
            enum_type: self.enums.iter().map(enum_descriptor).collect(),
            service: self.services.iter().map(service_descriptor).collect(),
            syntax: Some("proto3".to_owned()),
            ..FileDescriptorProto::default()
        }
    }
}

impl Message {
    fn descriptor(&self, parent: &str) -> DescriptorProto {
        let full_name = format!("{parent}.{}", self.name);
        let is_map = |field: &&Field| field.2 == "map";
        let entries = self.fields.iter().filter(is_map).map(map_entry);
        let nested = self.messages.iter().map(|m| m.descriptor(&full_name));
        let has_oneof = self
            .fields
            .iter()
            .any(|field| field.2.starts_with("oneof "));
        let oneof = has_oneof.then(|| OneofDescriptorProto {
            name: Some("value".to_owned()),
            ..OneofDescriptorProto::default()
        });
        DescriptorProto {
            name: Some(self.name.to_owned()),
            field: self
                .fields
                .iter()
                .map(|field| field_descriptor(field, &full_name))
                .collect(),
            nested_type: nested.chain(entries).collect(),
            enum_type: self.enums.iter().map(enum_descriptor).collect(),
            oneof_decl: oneof.into_iter().collect(),
            ..DescriptorProto::default()
        }
    }
}

fn field_descriptor((number, name, kind): &Field, message: &str) -> FieldDescriptorProto {
    let (mut label, mut oneof_index, mut kind) = (Label::Optional, None, *kind);
    if let Some(element) = kind.strip_prefix("repeated ") {
        (label, kind) = (Label::Repeated, element);
    } else if let Some(member) = kind.strip_prefix("oneof ") {
        (oneof_index, kind) = (Some(0), member);
    }
    let (scalar, type_name) = if kind == "map" {
        label = Label::Repeated;
        (
            Type::Message,
            Some(format!("{message}.{}", entry_name(name))),
        )
    } else if let Some(name) = kind.strip_prefix("enum ") {
        (Type::Enum, Some(name.to_owned()))
    } else if kind.starts_with('.') {
        (Type::Message, Some(kind.to_owned()))
    } else {
        (scalar_type(kind), None)
    };
    FieldDescriptorProto {
        name: Some((*name).to_owned()),
        number: Some(*number),
        label: Some(label.into()),
        r#type: Some(scalar.into()),
        type_name,
        oneof_index,
        json_name: Some(camel_case(name, false)),
        ..FieldDescriptorProto::default()
    }
}

fn scalar_type(name: &str) -> Type {
    match name {
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "bool" => Type::Bool,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "uint32" => Type::Uint32,
        "uint64" => Type::Uint64,
        "fixed32" => Type::Fixed32,
        "fixed64" => Type::Fixed64,
        "double" => Type::Double,
        other => unreachable!("the tables are constant, and {other} is in none"),
    }
}

/// The message that stands for one entry of a map from text to text.
fn map_entry((_, name, _): &Field) -> DescriptorProto {
    let text = |number, name| field_descriptor(&(number, name, "string"), "");
    DescriptorProto {
        name: Some(entry_name(name)),
        field: vec![text(1, "key"), text(2, "value")],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    }
}

fn entry_name(field: &str) -> String {
    format!("{}Entry", camel_case(field, true))
}

fn camel_case(name: &str, mut is_upper: bool) -> String {
    let mut camel = String::new();
    for letter in name.chars() {
        if letter == '_' {
            is_upper = true;
        } else if std::mem::take(&mut is_upper) {
            camel.extend(letter.to_uppercase());
        } else {
            camel.push(letter);
        }
    }
    camel
}

fn enum_descriptor((name, values): &Enum) -> EnumDescriptorProto {
    let value = |(number, name): (i32, &&str)| EnumValueDescriptorProto {
        name: Some((*name).to_owned()),
        number: Some(number),
        options: None,
    };
    EnumDescriptorProto {
        name: Some((*name).to_owned()),
        value: (0..).zip(*values).map(value).collect(),
        ..EnumDescriptorProto::default()
    }
}

fn service_descriptor((name, methods): &Service) -> ServiceDescriptorProto {
    let method = |(name, request, answer): &Method| {
        let streamed = answer.strip_prefix("stream ");
        MethodDescriptorProto {
            name: Some((*name).to_owned()),
            input_type: Some((*request).to_owned()),
            output_type: Some(streamed.unwrap_or(answer).to_owned()),
            server_streaming: Some(streamed.is_some()),
            ..MethodDescriptorProto::default()
        }
    };
    ServiceDescriptorProto {
        name: Some((*name).to_owned()),
        method: methods.iter().map(method).collect(),
        options: None,
    }
}
