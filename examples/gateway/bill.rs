//! What callers may spend, and what the operator asks beside.

use switchtower::gateway::Gateway;
use switchtower::keys::FreeModels;
use switchtower::{Ratio, Stack};

/// What the command line says of money.
#[derive(Default)]
pub(crate) struct Bill {
    prepaid: bool,
    free_models: Option<FreeModels>,
    fee: Ratio,
    credit_fee: Ratio,
    byok_fee: Ratio,
}

impl Bill {
    /// Reads what stands behind this option, if it is one of money.
    pub(crate) fn read(
        &mut self,
        name: &str,
        parser: &mut lexopt::Parser,
    ) -> Result<bool, lexopt::Error> {
        match name {
            "prepaid" => self.prepaid = true,
            "free-models" => {
                let rates = parser.optional_value();
                let rates = rates.map(lexopt::ValueExt::string).transpose()?;
                self.free_models = Some(free_models(rates.as_deref())?);
            }
            "fee" => self.fee = ratio(name, parser)?,
            "credit-fee" => self.credit_fee = ratio(name, parser)?,
            "byok-fee" => self.byok_fee = ratio(name, parser)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn of_stack<L>(&self, stack: Stack<L>) -> Stack<L> {
        stack.fee(self.fee)
    }

    pub(crate) fn of_gateway(&self, gateway: Gateway) -> Gateway {
        let gateway = gateway.credit_fee(self.credit_fee).byok_fee(self.byok_fee);
        let gateway = match self.free_models {
            Some(free) => gateway.free_models(free),
            None => gateway,
        };
        match self.prepaid {
            true => gateway.prepaid(),
            false => gateway,
        }
    }
}

fn ratio(name: &str, parser: &mut lexopt::Parser) -> Result<Ratio, lexopt::Error> {
    use lexopt::ValueExt;
    let value = parser.value()?.string()?;
    let read = value.parse();
    Ok(read.map_err(|why| format!("--{name} {value}: {why}; five in a hundred is 0.05"))?)
}

fn free_models(rates: Option<&str>) -> Result<FreeModels, String> {
    let Some(rates) = rates else {
        return Ok(FreeModels::default());
    };
    let read: Result<Vec<u64>, _> = rates.split(',').map(str::parse).collect();
    match read.as_deref() {
        Ok([per_minute, per_day, per_day_if_paid]) => Ok(FreeModels {
            per_minute: *per_minute,
            per_day: *per_day,
            per_day_if_paid: *per_day_if_paid,
            ..FreeModels::default()
        }),
        _ => Err(format!(
            "--free-models={rates}: three numbers, such as 20,50,1000: a minute, a day, and a day of an account that has paid"
        )),
    }
}
