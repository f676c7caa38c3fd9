//! A route with its description, made from its handler.

use super::{description::Description, extractors::Describe};
use crate::{http::codes::Code, state::ApiState};
use utoipa_axum::router::UtoipaMethodRouter;

/// A handler whose arguments describe it; `A` are their types.
pub(crate) trait Described<A> {
    /// Adds what all arguments mean.
    fn describe(&self, description: &mut Description);
}

macro_rules! described {
    ($($($argument:ident)*;)*) => {$(
        impl<F, R, $($argument),*> Described<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
            $($argument: Describe),*
        {
            fn describe(&self, description: &mut Description) {
                let _ = description;
                $($argument::describe(description);)*
            }
        }
    )*};
}

described! {
    ;
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
}

/// Writes what the handler's arguments mean into its operation.
pub(crate) fn described<A>(
    handler: &impl Described<A>,
    also: &[Code],
    (mut schemas, mut paths, router): UtoipaMethodRouter<ApiState>,
) -> UtoipaMethodRouter<ApiState> {
    for (path, item) in &mut paths.paths {
        let methods =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in methods.into_iter().filter_map(Option::as_mut) {
            let mut description = Description::default();
            handler.describe(&mut description);
            description.fails(also);
            schemas.append(&mut description.schemas);
            description.write(path, operation);
        }
    }
    (schemas, paths, router)
}

/// The route of one handler, with the codes that only this handler answers with.
macro_rules! operation {
    ($($handler:ident)::+ $(, $code:ident)* $(,)?) => {
        $crate::openapi::described(
            &$($handler)::+,
            &[$($crate::http::codes::Code::$code),*],
            utoipa_axum::routes!($($handler)::+),
        )
    };
}
pub(crate) use operation;
