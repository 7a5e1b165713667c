//! Values of order columns of saved journeys, as texts.

use super::open::{Reader, SavedTexts};
use super::save::Writer;
use crate::error::Result;
use crate::journeys::{Codes, OrderNumbers, Orders, Timeline};
use crate::schema::NONE;

const NUMBERS: &str = "order_numbers";
const TIMES: &str = "order_times";
const TEXTS: &str = "order_texts";

impl Writer<'_> {
    /// Writes the values, if there are any: whole numbers and times as such, others with a point or an exponent.
    pub(super) fn orders(&mut self, orders: &Orders) {
        if orders.is_empty() {
            return;
        }
        let numbers: Vec<String> = match &orders.numbers {
            OrderNumbers::Whole(numbers) => numbers.iter().map(ToString::to_string).collect(),
            OrderNumbers::Float(numbers) => numbers.iter().map(|x| format!("{x:?}")).collect(),
        };
        let times: Vec<String> = orders.times.iter().map(ToString::to_string).collect();
        for (name, texts) in [(NUMBERS, &numbers), (TIMES, &times), (TEXTS, &orders.texts)] {
            self.dictionary(name, texts.iter().map(String::as_str));
        }
    }
}

impl Reader {
    /// The values of order columns.
    pub(super) fn orders(&self, dictionaries: &mut SavedTexts) -> Result<Orders> {
        const FILE: &str = "texts.arrow";
        let numbers = dictionaries.take(NUMBERS);
        let whole: Option<Vec<i128>> = numbers.iter().map(|text| text.parse().ok()).collect();
        let floats = || -> Option<Vec<f64>> {
            numbers.iter().map(|text| text.parse().ok().filter(|x: &f64| !x.is_nan())).collect()
        };
        let numbers = whole.map(OrderNumbers::Whole).or_else(|| floats().map(OrderNumbers::Float));
        let times: Option<Vec<i64>> = dictionaries.take(TIMES).iter().map(|text| text.parse().ok()).collect();
        let orders =
            numbers.zip(times).map(|(numbers, times)| Orders { numbers, times, texts: dictionaries.take(TEXTS) });
        orders.filter(Orders::ascends).ok_or_else(|| self.damaged(FILE, "the values of an order column are not sorted"))
    }

    /// Refuses codes of values that do not exist.
    pub(super) fn check_orders(&self, timeline: &Timeline) -> Result<()> {
        let known = timeline.orders.len();
        let is_known = |code: u32| code == NONE || (code as usize) < known;
        let all_known =
            |codes: &Option<Codes>| codes.as_ref().is_none_or(|codes| (0..codes.len()).all(|i| is_known(codes.get(i))));
        let stages = &timeline.stages;
        for (file, right) in [
            ("events.arrow", all_known(&timeline.order)),
            ("stages.arrow", all_known(&stages.order)),
            ("edits.arrow", stages.edits.order.iter().all(|code| is_known(*code))),
        ] {
            if !right {
                return Err(self.damaged(file, "a row refers to an order value that does not exist"));
            }
        }
        Ok(())
    }
}
