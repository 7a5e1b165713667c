//! Making the lists.

use std::collections::{HashMap, HashSet};

use super::explore::{Ticket, draw};
use super::list::{CallList, ListedLead, RepSummary, Standing};
use super::spec::{CallListSpec, Candidate, Rank};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::math::drawn;

/// Makes the allotment of leads to reps another draw than that of the leads.
const ALLOTTED: u64 = 0x0e91;

/// What is left of the calls, and what is listed.
struct Lists<'a, 'c> {
    candidates: &'a [Candidate<'c>],
    reps: Vec<(String, usize)>,
    places: HashMap<String, usize>,
    /// Listed by rank, by rep.
    ranked: Vec<Vec<usize>>,
    /// Slots for ranked leads by rep.
    slots: Vec<usize>,
    expected: Vec<f64>,
    by_account: HashMap<u32, usize>,
    per_account: usize,
}

/// Who calls a lead.
#[derive(Clone, Copy, PartialEq)]
enum Caller {
    /// Its owner.
    Owner(usize),
    /// Any rep.
    Any,
    /// Its owner, who is not one of the reps.
    Elsewhere,
}

impl CallListSpec {
    /// Makes the lists. Leads are taken in the order of their rank; ties go to the higher probability, then to the earlier
    /// candidate. A lead with an owner goes to its owner; one without to the rep with the lowest sum of probabilities so far
    /// who has a call left, so that all reps can expect about as many conversions. The rest of the calls is drawn at random
    /// from the leads that are left.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an option out of range, or ranks by value where no amount is known; [`Error::UnknownName`]
    /// for a rep of `capacity` that is not among the reps.
    pub fn draw(&self, candidates: &[Candidate<'_>]) -> Result<CallList> {
        self.check()?;
        let reps = self.reps(candidates)?;
        let excluded = self.excluded(candidates);
        let (ranks, mut remarks) = self.ranks(candidates)?;
        let mut standing = vec![Standing::NoCapacity; candidates.len()];
        let mut order: Vec<usize> = Vec::with_capacity(candidates.len());
        let mut lists = Lists::new(candidates, reps, self);
        for (i, (candidate, own)) in candidates.iter().zip(&mut standing).enumerate() {
            if excluded.contains(&i) {
                *own = Standing::Excluded;
            } else if self.recycle_after.is_some_and(|limit| candidate.since_worked.is_some_and(|since| since < limit))
            {
                *own = Standing::WorkedRecently;
            } else if lists.caller(candidate) == Caller::Elsewhere {
                *own = Standing::OwnerElsewhere;
            } else {
                order.push(i);
            }
        }
        let key = |i: &usize| {
            let rank = ranks.get(*i).copied().unwrap_or(0.0);
            (rank, candidates.get(*i).map_or(0.0, |c| c.probability))
        };
        order.sort_by(|a, b| {
            let (a_key, b_key) = (key(a), key(b));
            b_key.0.total_cmp(&a_key.0).then(b_key.1.total_cmp(&a_key.1)).then(a.cmp(b))
        });
        let left: Vec<usize> = order
            .into_iter()
            .filter(|i| {
                let own = lists.take(*i);
                if let Some(standing) = standing.get_mut(*i) {
                    *standing = own;
                }
                own == Standing::NoCapacity
            })
            .collect();
        let mut chance: Vec<f64> = standing.iter().map(|s| f64::from(u8::from(*s == Standing::Ranked))).collect();
        let explored = lists.explore(&left, self, &mut chance);
        for i in explored.iter().flatten() {
            if let Some(standing) = standing.get_mut(*i) {
                *standing = Standing::Explored;
            }
        }
        let leads = lists.days(&explored, self);
        let reps = lists.summaries(&explored, self.days);
        remarks.extend(short(&reps));
        Ok(CallList { spec: self.clone(), leads, standing, chance, reps, remarks })
    }

    fn excluded(&self, candidates: &[Candidate<'_>]) -> HashSet<usize> {
        if self.exclude.is_empty() {
            return HashSet::new();
        }
        let places: HashMap<&str, usize> = candidates.iter().zip(0..).map(|(c, i)| (c.id, i)).collect();
        // Lists of leads not to call are kept for long, so that some of their leads are closed by now.
        self.exclude.iter().filter_map(|id| places.get(id.as_str()).copied()).collect()
    }

    /// What leads are ordered by.
    fn ranks(&self, candidates: &[Candidate<'_>]) -> Result<(Vec<f64>, Vec<String>)> {
        let probabilities = candidates.iter().map(|c| c.probability);
        if self.rank == Rank::Probability {
            return Ok((probabilities.collect(), Vec::new()));
        }
        let known: Vec<f64> = candidates.iter().filter_map(|c| c.value).collect();
        if known.is_empty() {
            let problem = "'expected_value' needs amounts of open deals, and no lead has one; set Stages(amount=…), or use 'probability'";
            return Err(Error::option("rank", problem));
        }
        let mean = crate::math::sum(&known) / known.len() as f64;
        let without = candidates.len() - known.len();
        let remark = (without > 0).then(|| {
            format!(
                "{} ranked with the mean amount of the others, {mean:.0}",
                counted(without, "lead without a known amount is", "leads without a known amount are")
            )
        });
        Ok((
            probabilities.zip(candidates).map(|(p, c)| p * c.value.unwrap_or(mean)).collect(),
            remark.into_iter().collect(),
        ))
    }
}

impl<'a, 'c> Lists<'a, 'c> {
    fn new(candidates: &'a [Candidate<'c>], reps: Vec<(String, usize)>, spec: &CallListSpec) -> Self {
        let ranked_calls = |calls: usize| calls - explored_calls(calls, spec.explore);
        let slots = reps.iter().map(|(_, calls)| ranked_calls(*calls) * spec.days).collect();
        Self {
            candidates,
            places: reps.iter().zip(0..).map(|((name, _), place)| (name.clone(), place)).collect(),
            ranked: vec![Vec::new(); reps.len()],
            slots,
            expected: vec![0.0; reps.len()],
            by_account: HashMap::new(),
            per_account: spec.per_account.unwrap_or(usize::MAX),
            reps,
        }
    }

    /// Whether there is one list for all, whoever owns the leads.
    fn is_shared(&self) -> bool {
        self.reps.first().is_some_and(|(name, _)| name.is_empty()) && self.reps.len() == 1
    }

    fn caller(&self, candidate: &Candidate<'_>) -> Caller {
        match candidate.owner.filter(|_| !self.is_shared()) {
            Some(owner) => self.places.get(owner).map_or(Caller::Elsewhere, |place| Caller::Owner(*place)),
            None => Caller::Any,
        }
    }

    fn room(&self, account: u32) -> usize {
        self.per_account - self.by_account.get(&account).copied().unwrap_or(0)
    }

    /// Lists a candidate, if there is a call left for it.
    fn take(&mut self, i: usize) -> Standing {
        let Some(candidate) = self.candidates.get(i) else { return Standing::NoCapacity };
        if candidate.account.is_some_and(|account| self.room(account) == 0) {
            return Standing::AccountFull;
        }
        let has_slot = |rep: usize| self.ranked.get(rep).zip(self.slots.get(rep)).is_some_and(|(l, s)| l.len() < *s);
        let expected = |rep: &usize| self.expected.get(*rep).copied().unwrap_or(0.0);
        let rep = match self.caller(candidate) {
            Caller::Owner(owner) => Some(owner).filter(|rep| has_slot(*rep)),
            Caller::Any => {
                let free = (0..self.reps.len()).filter(|rep| has_slot(*rep));
                free.min_by(|a, b| expected(a).total_cmp(&expected(b)))
            }
            Caller::Elsewhere => None,
        };
        let Some(rep) = rep else { return Standing::NoCapacity };
        if let (Some(list), Some(expected)) = (self.ranked.get_mut(rep), self.expected.get_mut(rep)) {
            list.push(i);
            *expected += candidate.probability;
        }
        if let Some(account) = candidate.account {
            *self.by_account.entry(account).or_default() += 1;
        }
        Standing::Ranked
    }

    /// Draws leads for the calls that are kept for chance, and fills in the chances of all that take part.
    fn explore(&self, left: &[usize], spec: &CallListSpec, chance: &mut [f64]) -> Vec<Vec<usize>> {
        let slots: Vec<usize> =
            self.reps.iter().map(|(_, calls)| explored_calls(*calls, spec.explore) * spec.days).collect();
        let drawing: Vec<usize> = (0..slots.len()).filter(|rep| slots.get(*rep).is_some_and(|s| *s > 0)).collect();
        if drawing.is_empty() {
            return vec![Vec::new(); self.reps.len()];
        }
        let ticket = |i: &usize| {
            let c = self.candidates.get(*i)?;
            let rep = match self.caller(c) {
                Caller::Owner(owner) => owner,
                // A lead without an owner is allotted to a rep by chance.
                Caller::Any => *drawing.get((drawn(c.id, spec.seed ^ ALLOTTED) % drawing.len() as u64) as usize)?,
                Caller::Elsewhere => return None,
            };
            Some(Ticket { candidate: *i, id: c.id, rep, account: c.account })
        };
        let open = |t: &Ticket<'_>| t.account.is_none_or(|account| self.room(account) > 0);
        let tickets: Vec<Ticket<'_>> = left.iter().filter_map(ticket).filter(open).collect();
        let draw = draw(&tickets, &slots, |account| self.room(account), spec.seed);
        for (i, own) in draw.chances {
            if let Some(chance) = chance.get_mut(i) {
                *chance = own;
            }
        }
        draw.winners
    }

    /// The lists by day: leads by rank, then those drawn.
    fn days(&self, explored: &[Vec<usize>], spec: &CallListSpec) -> Vec<ListedLead> {
        let mut leads = Vec::new();
        for (rep, ((_, calls), (ranked, drawn))) in self.reps.iter().zip(self.ranked.iter().zip(explored)).enumerate() {
            let by_chance = explored_calls(*calls, spec.explore);
            for day in 0..spec.days {
                let of_day = |list: &[usize], calls: usize| {
                    list.iter().skip(day * calls).take(calls).copied().collect::<Vec<usize>>()
                };
                let today = [of_day(ranked, calls - by_chance), of_day(drawn, by_chance)].concat();
                let listed =
                    |(place, candidate): (usize, usize)| ListedLead { candidate, rep, day: day + 1, place: place + 1 };
                leads.extend(today.into_iter().enumerate().map(listed));
            }
        }
        leads
    }

    fn summaries(&self, explored: &[Vec<usize>], days: usize) -> Vec<RepSummary> {
        let summary = |(name, calls): &(String, usize), ranked: &[usize], drawn: &[usize]| {
            let all: Vec<&Candidate<'_>> = ranked.iter().chain(drawn).filter_map(|i| self.candidates.get(*i)).collect();
            let probabilities: Vec<f64> = all.iter().map(|c| c.probability).collect();
            let values: Vec<f64> = all.iter().filter_map(|c| Some(c.probability * c.value?)).collect();
            RepSummary {
                rep: name.clone(),
                calls: calls * days,
                listed: all.len(),
                explored: drawn.len(),
                expected_conversions: crate::math::sum(&probabilities),
                expected_value: crate::math::sum(&values),
            }
        };
        let lists = self.ranked.iter().zip(explored);
        self.reps.iter().zip(lists).map(|(rep, (ranked, drawn))| summary(rep, ranked, drawn)).collect()
    }
}

/// Calls of a day that are kept for leads drawn at random, of `calls`: the share, to the nearest whole number.
fn explored_calls(calls: usize, explore: f64) -> usize {
    ((explore * calls as f64).round() as usize).min(calls)
}

/// Reps with fewer leads than calls.
fn short(reps: &[RepSummary]) -> Option<String> {
    let short: Vec<&RepSummary> = reps.iter().filter(|r| r.listed < r.calls).collect();
    let first = short.first()?;
    let name = if first.rep.is_empty() { "the list".to_owned() } else { format!("rep '{}'", first.rep) };
    let more =
        if short.len() > 1 { format!(", and {} more", counted(short.len() - 1, "rep", "reps")) } else { String::new() };
    Some(format!(
        "{name} has {} for {}{more}: no other lead may be called",
        counted(first.listed, "lead", "leads"),
        counted(first.calls, "call", "calls")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn lead(id: &str, probability: f64) -> Candidate<'_> {
        Candidate { id, probability, value: None, owner: None, account: None, since_worked: None }
    }

    fn ids<'a>(list: &CallList, candidates: &[Candidate<'a>], rep: usize) -> Vec<&'a str> {
        list.leads.iter().filter(|l| l.rep == rep).map(|l| candidates[l.candidate].id).collect()
    }

    #[test]
    fn owners_keep_their_leads_and_the_rest_is_shared_fairly() {
        let names: Vec<String> = (0..12).map(|i| format!("l{i:02}")).collect();
        let candidates: Vec<Candidate<'_>> = names
            .iter()
            .enumerate()
            .map(|(i, id)| Candidate { owner: (i < 3).then_some("ann"), ..lead(id, 0.9 - 0.05 * i as f64) })
            .collect();
        let spec = CallListSpec { per_rep: 4, reps: vec!["bob".into(), "ann".into()], ..CallListSpec::default() };
        let list = spec.draw(&candidates).unwrap();
        assert_eq!(list.reps.iter().map(|r| (r.rep.as_str(), r.listed)).collect::<Vec<_>>(), [("ann", 4), ("bob", 4)]);
        assert_eq!(ids(&list, &candidates, 0), ["l00", "l01", "l02", "l07"]);
        assert_eq!(ids(&list, &candidates, 1), ["l03", "l04", "l05", "l06"]);
        assert_eq!((list.count(Standing::Ranked), list.count(Standing::NoCapacity)), (8, 4));
        assert!(list.remarks.is_empty());
    }

    #[test]
    fn ties_accounts_exclusions_and_recent_work() {
        let mut candidates: Vec<Candidate<'_>> = ["a", "b", "c", "d", "e", "f"].map(|id| lead(id, 0.5)).into();
        candidates[0].account = Some(1);
        candidates[1].account = Some(1);
        candidates[3].since_worked = Some(Span::days(3));
        candidates[4].since_worked = Some(Span::days(30));
        let spec = CallListSpec {
            per_rep: 2,
            days: 2,
            per_account: Some(1),
            exclude: vec!["c".into(), "long gone".into()],
            recycle_after: Some(Span::days(14)),
            ..CallListSpec::default()
        };
        let list = spec.draw(&candidates).unwrap();
        assert_eq!(ids(&list, &candidates, 0), ["a", "e", "f"]);
        assert_eq!(list.leads.iter().map(|l| (l.day, l.place)).collect::<Vec<_>>(), [(1, 1), (1, 2), (2, 1)]);
        let standing = |i: usize| list.standing[i].name();
        assert_eq!([1, 2, 3].map(standing), ["account full", "excluded", "worked recently"]);
        assert_eq!(list.remarks, ["the list has 3 leads for 4 calls: no other lead may be called"]);
    }

    #[test]
    fn expected_value_orders_by_amounts() {
        let mut candidates: Vec<Candidate<'_>> = vec![lead("a", 0.9), lead("b", 0.1), lead("c", 0.2)];
        let spec = CallListSpec { per_rep: 1, rank: Rank::ExpectedValue, ..CallListSpec::default() };
        assert!(spec.draw(&candidates).is_err_and(|e| e.to_string().contains("no lead has one")));
        candidates[1].value = Some(1000.0);
        candidates[2].value = Some(100.0);
        let list = spec.draw(&candidates).unwrap();
        // The lead without an amount is worth 0.9 · 550.
        assert_eq!(ids(&list, &candidates, 0), ["a"]);
        assert_eq!(list.remarks[0], "1 lead without a known amount is ranked with the mean amount of the others, 550");
    }

    #[test]
    fn a_share_is_drawn_and_its_chance_is_kept() {
        let names: Vec<String> = (0..100).map(|i| format!("l{i}")).collect();
        let candidates: Vec<Candidate<'_>> =
            names.iter().enumerate().map(|(i, id)| lead(id, 1.0 - i as f64 / 100.0)).collect();
        let spec = CallListSpec { per_rep: 10, explore: 0.2, days: 2, seed: 7, ..CallListSpec::default() };
        let list = spec.draw(&candidates).unwrap();
        assert_eq!((list.count(Standing::Ranked), list.count(Standing::Explored)), (16, 4));
        assert!(list.chance.iter().take(16).all(|c| *c == 1.0));
        // 4 of the 84 others.
        assert!(list.chance.iter().skip(16).all(|c| (c - 4.0 / 84.0).abs() < 1e-15));
        assert_eq!(
            list.leads.iter().filter(|l| l.day == 1).map(|l| l.place).collect::<Vec<_>>(),
            (1..=10).collect::<Vec<_>>()
        );
        assert_eq!(spec.draw(&candidates).unwrap(), list, "the same seed, the same list");
        let reversed: Vec<Candidate<'_>> = candidates.iter().rev().copied().collect();
        let again = spec.draw(&reversed).unwrap();
        let set = |list: &CallList, c: &[Candidate<'_>]| {
            list.leads.iter().map(|l| c[l.candidate].id.to_owned()).collect::<HashSet<_>>()
        };
        assert_eq!(set(&again, &reversed), set(&list, &candidates));
        assert_ne!(CallListSpec { seed: 8, ..spec }.draw(&candidates).unwrap().leads, list.leads);
    }

    #[test]
    fn wrong_options() {
        let candidates = [Candidate { owner: Some("ann"), ..lead("a", 0.5) }];
        let base = CallListSpec::default;
        for (spec, said) in [
            (CallListSpec { explore: 1.5, ..base() }, "explore: must be a share from 0 to 1, not 1.5"),
            (CallListSpec { days: 0, ..base() }, "days: must be at least 1"),
            (CallListSpec { per_account: Some(0), ..base() }, "per_account: must be at least 1"),
            (CallListSpec { reps: vec!["a".into(), "a".into()], ..base() }, "reps: 'a' is listed twice"),
            (
                CallListSpec { reps: vec!["ann".into()], capacity: [("anne".to_owned(), 3)].into(), ..base() },
                "unknown rep 'anne'; did you mean 'ann'?",
            ),
        ] {
            let error = spec.draw(&candidates).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let elsewhere = CallListSpec { reps: vec!["bob".into()], ..base() }.draw(&candidates).unwrap();
        assert_eq!(elsewhere.standing, [Standing::OwnerElsewhere]);
    }
}
