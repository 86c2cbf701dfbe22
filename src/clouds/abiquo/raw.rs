//! A VM as the server tells it, for reading.

use super::Abiquo;
use super::calls::Call;
use crate::clouds::Result;
use crate::clouds::document::document;
use crate::clouds::http::Route;
use crate::model::Vm;

impl Abiquo {
    pub(super) async fn read_raw(&self, vm: &Vm) -> Result<String> {
        let answer = self
            .call(Call::get(Route::new(&vm.locator)?, "virtualmachine"))
            .await?;
        document(&answer.body)
    }
}
