//! Files of people, sent and fetched.

use super::{Account, Answer, eventually};
use reqwest::Method;
use serde_json::{Value, json};

impl Account<'_> {
    /// Sends a file to be checked.
    pub(crate) async fn send(&self, query: &str, kind: &str, file: impl Into<Vec<u8>>) -> Answer {
        let url = format!("{}/v1/imports{query}", self.site.url);
        let request = self.site.http.post(url).bearer_auth(&self.token);
        let request = request.header("content-type", kind).body(file.into());
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// Sends a CSV that can be read.
    pub(crate) async fn check(&self, csv: &str) -> Answer {
        self.send("?file_name=people.csv", "text/csv", csv).await.expect(201)
    }

    /// Commits a checked import; returns its id.
    pub(crate) async fn commit(&self, import: &Answer, body: Value) -> Answer {
        let path = format!("/v1/imports/{}/commit", import.str("/id"));
        self.update(Method::POST, &path, Some(import.header("etag")), body).await
    }

    /// Checks and commits a CSV, and waits until it has ended; returns the import.
    pub(crate) async fn import(&self, csv: &str) -> Answer {
        let import = self.check(csv).await;
        self.commit(&import, json!({})).await.expect(202);
        self.ended(import.str("/id")).await
    }

    /// Waits until an import has ended.
    pub(crate) async fn ended(&self, import: &str) -> Answer {
        let path = format!("/v1/imports/{import}");
        eventually("the import has ended", async || {
            let import = self.get(&path).await.expect(200);
            (!matches!(import.str("/state"), "checked" | "committing")).then_some(import)
        })
        .await
    }

    /// The rows of an import.
    pub(crate) async fn rows(&self, import: &str, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/imports/{import}/rows{query}")).await.expect(200);
        answer.body["items"].as_array().expect("rows").clone()
    }

    /// Exports people and waits for the file; returns its bytes.
    pub(crate) async fn export(&self, body: Value) -> Vec<u8> {
        let begun = self.post("/v1/exports", body).await.expect(202);
        let (id, job) = (begun.str("/id"), begun.str("/job_id").to_owned());
        eventually("the export has ended", async || {
            let job = self.get(&format!("/v1/jobs/{job}")).await.expect(200);
            (job.str("/state") == "succeeded").then_some(())
        })
        .await;
        let url = format!("{}/v1/exports/{id}/file", self.site.url);
        let request = self.site.http.get(url).bearer_auth(&self.token);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        answer.bytes().await.expect("a file").to_vec()
    }
}
