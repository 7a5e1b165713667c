//! From a row to its lead: directly by id, through tables of anonymous ids, deals or contacts, or by the first of several
//! ways that finds one.

mod attribute;
mod meanings;
mod numbered;
mod spans;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use self::meanings::{KeyForm, Meanings, keys};
use self::numbered::NumberedIds;
use self::spans::ValidSpan;
use crate::config::{Common, LeadCells, LeadKey, LookupSpec, Pick, within};
use crate::error::{Error, Result};
use crate::frames::columns::text::TextColumn;
use crate::frames::files::catalog::Tables;
use crate::frames::files::table::Table;
use crate::journeys::{Leads, Normalize, StringTable as Ids, TableCheck};
use crate::schema::NONE;
use crate::time::Zone;

pub(in crate::frames) use self::attribute::{AttributeReader, NO_MATCH, NO_MATCH_REASON};

/// Why a row has no lead.
pub(in crate::frames) const NULL_KEY: &str = "null lead key";
/// Why a row has no lead.
pub(in crate::frames) const UNKNOWN_LEAD: &str = "unknown lead";
/// Why a row has no lead.
pub(in crate::frames) const NO_LOOKUP: &str = "key not found in the lookup table";
/// Why a row has no lead.
pub(in crate::frames) const NO_MEANING: &str = "key without a lead in the lookup table";
/// Why a row has no lead.
pub(in crate::frames) const NOT_VALID: &str = "key not valid at the row's time";
/// Why a row has no lead.
pub(in crate::frames) const SEVERAL: &str = "several leads in one cell; set pick=";

/// The lead of a row whose key is null.
const NO_KEY: u32 = NONE - 1;

/// Leads by their ids, in the form in which they are written or another.
struct LeadIds<'a> {
    leads: &'a Leads,
    /// Another form than that of the leads, and the lead of each id in it; `None` for one of several leads.
    other: Option<(Normalize, HashMap<String, Option<u32>>)>,
    numbers: OnceLock<NumberedIds>,
}

impl<'a> LeadIds<'a> {
    fn new(leads: &'a Leads, normalize: Option<Normalize>) -> Self {
        let other = normalize.filter(|n| leads.normalize != Some(*n)).map(|normalize| {
            let mut by_id: HashMap<String, Option<u32>> = HashMap::with_capacity(leads.len());
            for (id, lead) in leads.ids.iter().zip(0u32..) {
                if let Some(id) = normalize.apply(id) {
                    by_id.entry(id.into_owned()).and_modify(|known| *known = None).or_insert(Some(lead));
                }
            }
            (normalize, by_id)
        });
        Self { leads, other, numbers: OnceLock::new() }
    }

    /// The lead of an id; an exact match comes first.
    fn find(&self, id: &str) -> Option<u32> {
        self.leads.find(id).or_else(|| {
            let (normalize, by_id) = self.other.as_ref()?;
            by_id.get(normalize.apply(id)?.as_ref()).copied().flatten()
        })
    }

    fn is_plain(&self) -> bool {
        self.other.is_none() && self.leads.normalize.is_none()
    }
}

/// One way to a lead.
enum LookupWay<'a> {
    /// A column with the lead's id.
    Direct { column: &'a String, ids: LeadIds<'a>, form: KeyForm<'a> },
    /// A column with the key of a lookup.
    Lookup { spec: &'a LookupSpec, meanings: Meanings, form: KeyForm<'a> },
}

/// Finds the leads of the rows of one table.
pub(in crate::frames) struct LeadFinder<'a> {
    ways: Vec<LookupWay<'a>>,
    pick: Option<Pick>,
}

impl<'a> LeadFinder<'a> {
    /// `cells` say how the cells of the table name leads, `normalize` how they are written.
    pub(in crate::frames) fn new(
        key: &'a LeadKey,
        cells: &'a LeadCells,
        normalize: Option<Normalize>,
        leads: &'a Leads,
        tables: &mut Tables,
        zone: &Zone,
    ) -> Result<Self> {
        if cells.pick == Some(Pick::Primary) {
            return Err(Error::option("pick", "'primary' applies only to lookups with primary="));
        }
        let form = KeyForm { normalize, split: cells.split.as_deref() };
        Self::of_cells(key, form, cells.pick, leads, tables, zone)
    }

    fn of_cells(
        key: &'a LeadKey,
        form: KeyForm<'a>,
        pick: Option<Pick>,
        leads: &'a Leads,
        tables: &mut Tables,
        zone: &Zone,
    ) -> Result<Self> {
        let mut ways = Vec::new();
        add_ways(key, form, pick, leads, tables, zone, &mut ways)?;
        if ways.is_empty() {
            return Err(Error::option("lead", "the list is empty; give a column or a lookup"));
        }
        Ok(Self { ways, pick })
    }

    /// The leads of the rows of `table`, the whole or a part.
    pub(in crate::frames) fn rows_of(&self, table: &Table, common: &Common) -> Result<Resolver<'_>> {
        let ways = self.ways.iter().map(|way| WayRows::new(way, table, &common.nulls, self.pick));
        Ok(Resolver { ways: ways.collect::<Result<_>>()?, several: 0, unmarked: 0 })
    }

    /// What to say of the lookup tables.
    pub(in crate::frames) fn remarks(&self) -> Vec<String> {
        let remarks = self.ways.iter().filter_map(|way| match way {
            LookupWay::Lookup { meanings, .. } => Some(meanings.remarks.iter().cloned()),
            LookupWay::Direct { .. } => None,
        });
        remarks.flatten().collect()
    }
}

/// Calls the second with each text of the column called the first.
type EachCell<'a> = dyn Fn(&str, &mut dyn FnMut(&str)) -> Result<()> + 'a;

/// Adds the ids of leads that a key leads to. `each` calls its second argument for the cells of a column.
pub(in crate::frames) fn collect_ids(
    key: &LeadKey,
    split: Option<&str>,
    normalize: Option<Normalize>,
    tables: &mut Tables,
    ids: &mut Ids,
    each: &EachCell<'_>,
) -> Result<()> {
    match key {
        LeadKey::Any(keys) => keys.iter().try_for_each(|key| collect_ids(key, split, normalize, tables, ids, each)),
        LeadKey::Column(column) => each(column, &mut |cell| {
            KeyForm { normalize, split }.each(cell, |id| {
                ids.intern(id);
            });
        }),
        LeadKey::Lookup(spec) => {
            let Some(lead) = &spec.lead else { return Err(no_lead()) };
            let table = tables.get(&spec.table)?;
            let cells = |column: &str, take: &mut dyn FnMut(&str)| {
                TextColumn::ids(&table, column, &[])?.each(|_, text| text.into_iter().for_each(&mut *take));
                Ok(())
            };
            collect_ids(lead, spec.split.as_deref(), spec.normalize.or(normalize), tables, ids, &cells)
        }
    }
}

fn no_lead() -> Error {
    Error::option("lookup", "set lead= to the column with the lead")
}

fn add_ways<'a>(
    key: &'a LeadKey,
    form: KeyForm<'a>,
    pick: Option<Pick>,
    leads: &'a Leads,
    tables: &mut Tables,
    zone: &Zone,
    ways: &mut Vec<LookupWay<'a>>,
) -> Result<()> {
    match key {
        LeadKey::Any(keys) => {
            keys.iter().try_for_each(|key| add_ways(key, form, pick, leads, tables, zone, ways))?;
        }
        LeadKey::Column(column) => {
            let ids = LeadIds::new(leads, form.normalize);
            // The ids of leads have the form that their table says.
            ways.push(LookupWay::Direct { column, ids, form: KeyForm { normalize: None, ..form } });
        }
        LeadKey::Lookup(spec) => {
            let normalize = spec.normalize.or(form.normalize);
            let Some(lead) = &spec.lead else { return Err(no_lead()) };
            let table = tables.get(&spec.table)?;
            let pick = spec.pick.or(pick);
            // Which row is the primary one says this table, not one behind it.
            let inner = if pick == Some(Pick::Primary) { Some(Pick::First) } else { pick };
            let own = KeyForm { normalize, split: spec.split.as_deref() };
            let finder = LeadFinder::of_cells(lead, own, inner, leads, tables, zone)?;
            let rows = finder.rows_of(&table, &Common::default())?;
            let meanings = Meanings::read(spec, pick, &table, own, zone, |row, spans| rows.spans(row, spans));
            let mut meanings = meanings.map_err(|e| within::<LookupSpec>(e, "lookup"))?;
            meanings.remarks.extend(finder.remarks());
            ways.push(LookupWay::Lookup { spec, meanings, form: KeyForm { normalize, ..form } });
        }
    }
    Ok(())
}

/// The leads of some rows of a table.
pub(in crate::frames) struct Resolver<'a> {
    ways: Vec<WayRows<'a>>,
    /// Rows with several leads.
    several: usize,
    /// Rows whose key has no primary lead.
    unmarked: usize,
}

/// The leads of some rows, found one way.
struct WayRows<'a> {
    column: &'a str,
    texts: TextColumn,
    how: LookupMode<'a>,
    /// Reason if a key finds no lead.
    nothing: &'static str,
    pick: Option<Pick>,
    /// Rows whose lead was found this way.
    found: usize,
}

enum LookupMode<'a> {
    /// Lead of each row; [`NONE`] is an unknown one, [`NO_KEY`] a null key.
    Direct(Vec<u32>),
    /// Number of each row's key, [`NONE`] for a null one, and per key what it means over time. `blank` are the keys that
    /// the lookup table has without a lead.
    Keys { keys: Vec<u32>, spans: Vec<Cow<'a, [ValidSpan]>>, blank: HashSet<u32> },
}

impl<'a> WayRows<'a> {
    fn new(way: &'a LookupWay<'a>, table: &Table, nulls: &[String], pick: Option<Pick>) -> Result<Self> {
        let (column, nothing, pick) = match way {
            LookupWay::Direct { column, .. } => (column.as_str(), UNKNOWN_LEAD, pick),
            LookupWay::Lookup { spec, .. } => (spec.column().as_str(), NO_LOOKUP, spec.pick.or(pick)),
        };
        let texts = TextColumn::ids(table, column, nulls)?;
        let how = match way {
            LookupWay::Direct { ids, form, .. } if form.split.is_none() => LookupMode::Direct(direct(&texts, ids)),
            LookupWay::Direct { ids, form, .. } => {
                let (keys, own) = keys(table, column, nulls)?;
                let lead = |id: &str| ValidSpan::always(ids.find(id).unwrap_or(NONE));
                let spans = |cell: &str| {
                    let mut spans = Vec::new();
                    form.each(cell, |id| spans.push(lead(id)));
                    Cow::Owned(spans)
                };
                LookupMode::Keys { keys, spans: own.iter().map(spans).collect(), blank: HashSet::new() }
            }
            LookupWay::Lookup { meanings, form, .. } => {
                let (keys, own) = keys(table, column, nulls)?;
                let spans = |cell: &str| {
                    let mut all: Cow<'_, [ValidSpan]> = Cow::Borrowed(&[]);
                    form.each(cell, |key| match meanings.of(key) {
                        spans if all.is_empty() => all = Cow::Borrowed(spans),
                        spans => all.to_mut().extend_from_slice(spans),
                    });
                    all
                };
                let spans: Vec<Cow<'_, [ValidSpan]>> = own.iter().map(spans).collect();
                let is_blank = |cell: &str| {
                    let mut known = false;
                    form.each(cell, |key| known |= meanings.has(key));
                    known
                };
                let blank = own.iter().zip(&spans).zip(0u32..);
                let blank = blank.filter(|((cell, spans), _)| spans.is_empty() && is_blank(cell)).map(|(_, key)| key);
                LookupMode::Keys { keys, blank: blank.collect(), spans }
            }
        };
        Ok(Self { column, texts, how, nothing, pick, found: 0 })
    }

    /// The spans of the key of `row`; `None` for a null one.
    fn spans_of(&self, row: usize) -> Option<Cow<'_, [ValidSpan]>> {
        match &self.how {
            LookupMode::Direct(leads) => match leads.get(row).copied().unwrap_or(NO_KEY) {
                NO_KEY => None,
                lead => Some(Cow::Owned(vec![ValidSpan::always(lead)])),
            },
            LookupMode::Keys { keys, spans, .. } => {
                let key = keys.get(row).copied().filter(|key| *key != NONE)?;
                Some(Cow::Borrowed(spans.get(key as usize).map_or(&[] as &[ValidSpan], |spans| spans)))
            }
        }
    }

    /// Whether the lookup table has the key of `row` without a lead.
    fn is_blank(&self, row: usize) -> bool {
        match &self.how {
            LookupMode::Direct(_) => false,
            LookupMode::Keys { keys, blank, .. } => keys.get(row).is_some_and(|key| blank.contains(key)),
        }
    }

    /// Writes the leads of `row` at time `at`, each once; why there is none. Says whether there were several, and none of
    /// them the primary one.
    fn resolve(&self, row: usize, at: i64, leads: &mut Vec<u32>) -> (Option<&'static str>, bool, bool) {
        leads.clear();
        if let LookupMode::Direct(all) = &self.how {
            let why = match all.get(row).copied().unwrap_or(NONE) {
                NONE => Some(UNKNOWN_LEAD),
                NO_KEY => Some(self.texts.no_id(row, NULL_KEY)),
                lead => {
                    leads.push(lead);
                    None
                }
            };
            return (why, false, false);
        }
        let Some(spans) = self.spans_of(row) else { return (Some(self.texts.no_id(row, NULL_KEY)), false, false) };
        let (mut unknown, mut several, mut unmarked) = (false, false, false);
        for span in spans.iter().filter(|span| span.holds(at)) {
            (several, unmarked) = (several | span.several, unmarked | span.unmarked);
            if span.code == NONE {
                unknown = true;
            } else if !leads.contains(&span.code) {
                leads.push(span.code);
            }
        }
        several |= leads.len() > 1;
        let why = match (leads.as_slice(), self.pick) {
            ([], _) if spans.is_empty() => Some(if self.is_blank(row) { NO_MEANING } else { self.nothing }),
            ([], _) => Some(if unknown { UNKNOWN_LEAD } else { NOT_VALID }),
            ([_, _, ..], None) => Some(SEVERAL),
            ([.., last], Some(Pick::Last)) => {
                let last = *last;
                leads.clear();
                leads.push(last);
                None
            }
            (_, Some(Pick::First | Pick::Primary)) => {
                leads.truncate(1);
                None
            }
            _ => None,
        };
        (why, several, unmarked)
    }
}

/// The lead of each row by a column of ids.
fn direct(texts: &TextColumn, ids: &LeadIds<'_>) -> Vec<u32> {
    match texts.whole_numbers().filter(|_| ids.is_plain()) {
        Some(numbers) => {
            let by_number = ids.numbers.get_or_init(|| NumberedIds::new(&ids.leads.ids));
            match numbers.cont_slice() {
                Ok(numbers) => numbers.iter().map(|n| by_number.find(*n)).collect(),
                Err(_) => numbers.iter().map(|n| n.map_or(NO_KEY, |n| by_number.find(n))).collect(),
            }
        }
        None => texts.code_ids(|text| text.map_or(NO_KEY, |t| ids.find(t).unwrap_or(NONE))),
    }
}

impl Resolver<'_> {
    /// Writes the leads of `row` at time `at`; why there is none.
    pub(in crate::frames) fn resolve(&mut self, row: usize, at: i64, leads: &mut Vec<u32>) -> Option<&'static str> {
        let mut reason = NULL_KEY;
        for way in &mut self.ways {
            let (why, several, unmarked) = way.resolve(row, at, leads);
            let Some(why) = why else {
                way.found += 1;
                self.several += usize::from(several);
                self.unmarked += usize::from(unmarked);
                return None;
            };
            // The first way that has a key says why it led to no lead.
            if reason == NULL_KEY {
                reason = why;
            }
        }
        leads.clear();
        Some(reason)
    }

    /// What the key of `row` means over all times, by the first way that leads to a known lead.
    fn spans(&self, row: usize, spans: &mut Vec<ValidSpan>) {
        for way in &self.ways {
            let Some(found) = way.spans_of(row) else { continue };
            spans.clear();
            spans.extend_from_slice(&found);
            if spans.iter().any(|span| span.code != NONE) {
                return;
            }
        }
    }

    /// The lead of every row, if every row has a known lead independent of time; they are moved out.
    pub(in crate::frames) fn take_all(&mut self) -> Option<Vec<u32>> {
        match self.ways.as_mut_slice() {
            [WayRows { how: LookupMode::Direct(leads), .. }] if leads.iter().all(|lead| *lead < NO_KEY) => {
                Some(std::mem::take(leads))
            }
            _ => None,
        }
    }

    /// The key of `row`, for messages.
    pub(in crate::frames) fn key(&self, row: usize) -> String {
        let mut keys = self.ways.iter().map(|way| way.texts.at(row));
        keys.find(|key| !key.is_empty()).unwrap_or_default()
    }

    /// Says how the leads of rows were found.
    pub(in crate::frames) fn report(&self, audit: &mut TableCheck) {
        for way in self.ways.iter().skip(1) {
            audit.note(&format!("lead found through '{}'", way.column), way.found);
        }
        let picks: Vec<Pick> = self.ways.iter().filter_map(|way| way.pick).collect();
        let what = if picks.contains(&Pick::All) { "assigned to each of them" } else { "one of them was picked" };
        audit.note(&format!("several leads: {what}"), self.several);
        audit.note("without a primary lead; the first was picked", self.unmarked);
    }
}
