//! Group commit for answers: those that arrive while a group is being written are written together
//! next, in one transaction with one flush to disk. Must not delay an answer to fill a group.
//!
//! An answer waits for one write at most before its own begins: a few milliseconds each.

use crate::{
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use nearhand_domain::RecommendationId;
use nearhand_storage::{
    AppPool, StorageError, enter_tenant,
    recommendations::{self, NewRecommendation},
};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::{Mutex as Turn, oneshot};

/// The most answers of one group.
const MAX_GROUP: usize = 256;
/// The most people in the answers of one group, one answer aside: it keeps a statement small.
const MAX_PEOPLE: usize = 5_000;

/// Answers that wait, and the turn to write.
#[derive(Clone, Default)]
pub(crate) struct RecommendationWriter {
    waiting: Arc<Mutex<Vec<Waiting>>>,
    /// Held by the one group that is being written.
    turn: Arc<Turn<()>>,
}

struct Waiting {
    answer: NewRecommendation,
    confirm: oneshot::Sender<ApiResult<()>>,
}

impl RecommendationWriter {
    /// Waits until an answer is on disk.
    pub(super) async fn write(&self, state: &ApiState, answer: NewRecommendation) -> ApiResult<()> {
        let (confirm, confirmed) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock();
            waiting.push(Waiting { answer, confirm });
            waiting.len() == 1
        };
        if is_first {
            // A task of its own: the caller may hang up, and others count on the group.
            let (writer, app) = (self.clone(), state.app().clone());
            state.aside().spawn(async move { writer.write_group(&app).await });
        }
        confirmed.await.unwrap_or_else(|_| {
            tracing::error!("the task that writes answers has failed");
            Err(Problem::internal())
        })
    }

    /// Writes all that wait once it is their turn.
    async fn write_group(&self, app: &AppPool) {
        let _turn = self.turn.lock().await;
        let mut waiting = std::mem::take(&mut *self.waiting.lock());
        // A caller who hung up never learns the id.
        waiting.retain(|one| !one.confirm.is_closed());
        // Each organisation is entered once.
        waiting.sort_by_key(|one| one.answer.organization);
        while !waiting.is_empty() {
            let rest = waiting.split_off(group_len(&waiting));
            confirm(app, std::mem::replace(&mut waiting, rest)).await;
        }
    }
}

/// How many of the first make a group.
fn group_len(waiting: &[Waiting]) -> usize {
    let mut people = 0;
    let fits = |one: &&Waiting| {
        people += one.answer.people.len();
        people <= MAX_PEOPLE
    };
    waiting.iter().take(MAX_GROUP).take_while(fits).count().max(1)
}

/// Writes a group and tells each what became of it.
async fn confirm(app: &AppPool, group: Vec<Waiting>) {
    let answers: Vec<&NewRecommendation> = group.iter().map(|one| &one.answer).collect();
    metrics::histogram!("nearhand_recommendations_group_size")
        .record(f64::from(u32::try_from(answers.len()).unwrap_or(u32::MAX)));
    let mut results: Vec<ApiResult<()>> = Vec::with_capacity(group.len());
    match write(app, &answers).await {
        Ok(left_out) => results.extend(answers.iter().map(|one| is_written(one, &left_out))),
        Err(error) if error.blames_data() && answers.len() > 1 => {
            // One of them spoils the others: each is tried alone.
            for one in &answers {
                let alone = write(app, &[one]).await.map_err(Problem::from);
                results.push(alone.and_then(|left_out| is_written(one, &left_out)));
            }
        }
        Err(error) => {
            let problem = Problem::from(error);
            results.extend(answers.iter().map(|_| Err(problem.clone())));
        }
    }
    for (one, result) in group.into_iter().zip(results) {
        // The caller may have stopped waiting; the answer is written anyway.
        drop(one.confirm.send(result));
    }
}

/// Writes answers in one transaction; those of one organisation stand together. Returns those that were
/// left out.
async fn write(
    app: &AppPool,
    answers: &[&NewRecommendation],
) -> Result<Vec<RecommendationId>, StorageError> {
    let Some(first) = answers.first() else { return Ok(Vec::new()) };
    let (mut tx, mut entered) = (app.tenant(first.organization).await?, first.organization);
    let mut left_out = Vec::new();
    for same in answers.chunk_by(|one, other| one.organization == other.organization) {
        if same[0].organization != entered {
            entered = same[0].organization;
            enter_tenant(&mut tx, entered).await?;
        }
        left_out.extend(recommendations::insert(&mut tx, same).await?);
    }
    tx.commit().await?;
    Ok(left_out)
}

fn is_written(answer: &NewRecommendation, left_out: &[RecommendationId]) -> ApiResult<()> {
    if left_out.contains(&answer.id) {
        let detail = "somebody listed has just been forgotten; ask again";
        return Err(Problem::new(Code::Unavailable, detail).retry_after(2));
    }
    Ok(())
}
