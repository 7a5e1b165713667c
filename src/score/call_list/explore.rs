//! Leads drawn at random, with the probability of the draw.

use std::collections::HashMap;

use crate::math::drawn;

/// Makes the draw within accounts another one than that of the leads.
const WITHIN_ACCOUNT: u64 = 0xacc0;

/// A lead that may be drawn.
pub(super) struct Ticket<'a> {
    /// Place among the candidates.
    pub(super) candidate: usize,
    pub(super) id: &'a str,
    /// The rep who would call it.
    pub(super) rep: usize,
    pub(super) account: Option<u32>,
}

/// What became of the tickets.
pub(super) struct Draw {
    /// Drawn candidates by rep, in the order of the draw.
    pub(super) winners: Vec<Vec<usize>>,
    /// Candidate and probability of each ticket.
    pub(super) chances: Vec<(usize, f64)>,
}

/// Draws `slots` leads for each rep. Of each account at most `room` leads take part, drawn first: a lead is listed with
/// probability (room / leads of the account) · (slots / leads of the rep that take part).
///
/// Given the leads that take part each rep's draw is simple random sampling without replacement, so that weights of
/// 1/probability are unbiased: D. Horvitz, D. Thompson, JASA 47, 1952.
pub(super) fn draw(tickets: &[Ticket<'_>], slots: &[usize], room: impl Fn(u32) -> usize, seed: u64) -> Draw {
    let mut of_account: HashMap<u32, Vec<usize>> = HashMap::new();
    for (i, ticket) in tickets.iter().enumerate() {
        if let Some(account) = ticket.account {
            of_account.entry(account).or_default().push(i);
        }
    }
    let mut share = vec![1.0; tickets.len()];
    let mut takes_part = vec![true; tickets.len()];
    for (account, mut members) in of_account {
        let room = room(account);
        if members.len() <= room {
            continue;
        }
        let order = |i: &usize| tickets.get(*i).map(|t| (drawn(t.id, seed ^ WITHIN_ACCOUNT), t.candidate));
        members.sort_by_key(order);
        for (place, i) in members.iter().enumerate() {
            if let (Some(share), Some(takes)) = (share.get_mut(*i), takes_part.get_mut(*i)) {
                *share = room as f64 / members.len() as f64;
                *takes = place < room;
            }
        }
    }
    let mut pools: Vec<Vec<(u64, usize)>> = vec![Vec::new(); slots.len()];
    for (ticket, takes) in tickets.iter().zip(&takes_part) {
        if let Some(pool) = pools.get_mut(ticket.rep).filter(|_| *takes) {
            pool.push((drawn(ticket.id, seed), ticket.candidate));
        }
    }
    let rates: Vec<f64> =
        pools.iter().zip(slots).map(|(pool, slots)| (*slots as f64 / pool.len().max(1) as f64).min(1.0)).collect();
    let winners = pools.into_iter().zip(slots).map(|(mut pool, slots)| {
        pool.sort_unstable();
        pool.into_iter().take(*slots).map(|(_, candidate)| candidate).collect()
    });
    let winners = winners.collect();
    let chance =
        |(ticket, share): (&Ticket<'_>, f64)| (ticket.candidate, share * rates.get(ticket.rep).copied().unwrap_or(0.0));
    Draw { winners, chances: tickets.iter().zip(share).map(chance).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over many seeds each lead is drawn as often as its probability says: 3 accounts of 1, 2 and 4 leads with room for two
    /// of each, 10 leads without account, one rep with 4 slots and one with 3.
    #[test]
    fn probabilities_are_those_of_the_draw() {
        let ids: Vec<String> = (0..17).map(|i| format!("lead {i}")).collect();
        let account = |i: usize| [(0..1), (1..3), (3..7)].iter().position(|r| r.contains(&i)).map(|a| a as u32);
        let tickets: Vec<Ticket<'_>> = ids
            .iter()
            .enumerate()
            .map(|(i, id)| Ticket { candidate: i, id, rep: i % 2, account: account(i) })
            .collect();
        let (seeds, slots) = (20_000, [4, 3]);
        let (mut hits, mut inverse) = (vec![0usize; 17], vec![0.0; 17]);
        for seed in 0..seeds {
            let draw = draw(&tickets, &slots, |_| 2, seed);
            let chance = |i: usize| draw.chances.iter().find(|c| c.0 == i).map_or(0.0, |c| c.1);
            assert_eq!(draw.winners.iter().map(Vec::len).collect::<Vec<_>>(), slots);
            for i in draw.winners.concat() {
                hits[i] += 1;
                inverse[i] += 1.0 / chance(i);
            }
        }
        // Horvitz and Thompson: the mean of listed / probability is 1 for each lead; its Monte Carlo error is below 0.02.
        for (i, total) in inverse.iter().enumerate() {
            assert!((total / seeds as f64 - 1.0).abs() < 0.06, "lead {i}: {}", total / seeds as f64);
        }
        assert!(hits.iter().all(|h| *h > 0));
    }
}
