//! Files about imports: the template to be filled in, and the report of what is wrong.

use super::read;
use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
    },
    state::ApiState,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use nearhand_domain::{
    ImportId,
    access::{Action, Object, PeopleScope},
    imports::ExportFormat,
};
use nearhand_sheets::{FileKind, WriteError, write_csv, write_xlsx};
use nearhand_storage::{
    Tx,
    imports::{self, RowFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Rows read at a time.
const PAGE: i64 = 1_000;

/// Which kind of file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileQuery {
    /// `csv` unless given, or `xlsx`.
    format: Option<String>,
}

/// A file to be filled in: the header, and in a workbook a sheet that explains the columns.
#[utoipa::path(get, path = "/v1/imports/template", operation_id = "get_import_template",
    tag = "imports", responses((status = 200, description = "The file", content_type = "text/csv",
    body = String)))]
pub(crate) async fn template(
    State(_): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<FileQuery>,
) -> ApiResult<Response> {
    caller.require(Action::ImportStaff, Object::Organization)?;
    let format = query.read()?;
    let made = made(move || {
        nearhand_sheets::template(&nearhand_roster::template_columns(), kind_of(format))
    });
    Ok(download("staff-template", format, made.await?))
}

/// What is wrong with an import: line, action, column, code and what to do, an error a row.
#[utoipa::path(get, path = "/v1/imports/{id}/report", operation_id = "get_import_report",
    tag = "imports", responses((status = 200, description = "The file", content_type = "text/csv",
    body = String)))]
pub(crate) async fn report(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ImportId>,
    QueryOf(query): QueryOf<FileQuery>,
) -> ApiResult<Response> {
    caller.require(Action::ImportStaff, Object::Organization)?;
    let format = query.read()?;
    let mut tx = caller.read(&state).await?;
    read(&mut tx, &caller, id).await?;
    let lines = errors_of(&mut tx, id).await?;
    drop(tx);
    let header = ["line", "action", "column", "code", "detail"];
    let made = made(move || match format {
        ExportFormat::Csv => write_csv(&header, lines),
        ExportFormat::Xlsx | ExportFormat::Zip => write_xlsx(&header, lines, "Errors", &[]),
    });
    Ok(download("import-errors", format, made.await?))
}

async fn errors_of(tx: &mut Tx, id: ImportId) -> ApiResult<Vec<[String; 5]>> {
    let filter = RowFilter { faulty: true, ..RowFilter::default() };
    // The file holds no names, so the scope of the caller does not matter.
    let scope = PeopleScope::Everybody;
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let rows = imports::rows(tx, id, filter, scope, after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(lines) };
        after = Some(last.line);
        for row in rows {
            let (line, action) = (row.line.to_string(), row.action.as_str());
            lines.extend(row.errors.into_iter().map(|error| {
                let column = error.column.unwrap_or_default();
                [line.clone(), action.to_owned(), column, error.code, error.detail]
            }));
        }
    }
}

impl FileQuery {
    fn read(&self) -> ApiResult<ExportFormat> {
        let unknown = || Problem::new(Code::MalformedQuery, "`format` must be `csv` or `xlsx`");
        self.format
            .as_deref()
            .map_or(Ok(ExportFormat::Csv), |word| ExportFormat::of_table(word).ok_or_else(unknown))
    }
}

fn kind_of(format: ExportFormat) -> FileKind {
    match format {
        ExportFormat::Csv => FileKind::Csv,
        ExportFormat::Xlsx | ExportFormat::Zip => FileKind::Xlsx,
    }
}

/// Makes a file off the async threads.
async fn made(
    make: impl FnOnce() -> Result<Vec<u8>, WriteError> + Send + 'static,
) -> ApiResult<Vec<u8>> {
    let made = tokio::task::spawn_blocking(make).await;
    made.map_err(|error| error.to_string())
        .and_then(|made| made.map_err(|error| error.to_string()))
        .map_err(|error| {
            tracing::error!(%error, "a table cannot be written");
            Problem::internal()
        })
}

/// A file to be saved, kept by nobody on its way. The name's end is added.
pub(crate) fn download(name: &str, format: ExportFormat, body: impl Into<Body>) -> Response {
    let kind = match format {
        ExportFormat::Csv => "text/csv; charset=utf-8",
        ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ExportFormat::Zip => "application/zip",
    };
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.as_str());
    let attachment = HeaderValue::from_static("attachment");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).unwrap_or(attachment)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body.into()).into_response()
}
