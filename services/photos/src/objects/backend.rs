//! Opens a folder or S3 as an object store of the library, with limits on time.
//!
//! It reads no environment and asks no metadata service for credentials.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::client::{HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use secrecy::ExposeSecret;

use super::address::S3Address;
use super::{Credentials, DEADLINE, OpenError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections that wait longer may have been closed by what lies between.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Opens a folder and makes it if there is none, readable by its owner only.
pub(super) fn folder(path: &Path) -> Result<Arc<dyn ObjectStore>, OpenError> {
    let wrong = |why: String| OpenError::Folder { path: path.display().to_string(), why };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| wrong(error.to_string()))?;
    // Files are written beside their place, synced and renamed: a reader sees the old or the new.
    let store = LocalFileSystem::new_with_prefix(path).map_err(|error| wrong(error.to_string()))?;
    Ok(Arc::new(store.with_fsync(true)))
}

/// Makes the client of a bucket. It sends nothing yet.
pub(super) fn s3(
    address: &S3Address,
    credentials: &Credentials,
) -> Result<Arc<dyn ObjectStore>, OpenError> {
    // An error means that the process has one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&address.bucket)
        .with_access_key_id(&credentials.access_key_id)
        .with_secret_access_key(credentials.secret_access_key.expose_secret())
        .with_virtual_hosted_style_request(!address.path_style)
        // One object is deleted at a time, and not every server knows how to delete many.
        .with_disable_bulk_delete(true)
        .with_http_connector(Connector { plain: is_plain(address) })
        .with_client_options(ClientOptions::new().with_allow_http(is_plain(address)))
        .with_retry(retries());
    if let Some(region) = &address.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = endpoint(address)? {
        builder = builder.with_endpoint(endpoint);
    }
    let store = builder.build().map_err(|_| OpenError::Client {
        why: "region, endpoint and bucket do not make an address".to_owned(),
    })?;
    Ok(Arc::new(store))
}

fn is_plain(address: &S3Address) -> bool {
    address.endpoint.as_ref().is_some_and(|url| url.scheme() == "http")
}

/// The endpoint as the library wants it: with the bucket in the host's name if it belongs there.
fn endpoint(address: &S3Address) -> Result<Option<String>, OpenError> {
    let Some(mut url) = address.endpoint.clone() else { return Ok(None) };
    if !address.path_style {
        let host = format!("{}.{}", address.bucket, url.host_str().unwrap_or_default());
        url.set_host(Some(&host)).map_err(|_| OpenError::Address {
            why: "path_style=false needs an endpoint with a host name".to_owned(),
        })?;
    }
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}

/// Few retries, done well before the deadline.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: 3,
        retry_timeout: DEADLINE / 2,
    }
}

/// Makes the HTTP client: no redirects, so that requests go nowhere but to the endpoint, and no
/// proxy from the environment.
#[derive(Debug)]
struct Connector {
    /// The endpoint is `http:`.
    plain: bool,
}

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        reqwest::Client::builder()
            .https_only(!self.plain)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(DEADLINE)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map(HttpClient::new)
            .map_err(|source| object_store::Error::Generic {
                store: "S3",
                source: Box::new(source),
            })
    }
}
